using System.IO.Pipelines;
using System.Security.Cryptography;
using Countersign.Core.Git;
using Countersign.Core.LargeFiles;
using Countersign.Server.Storage.Sqlite;

namespace Countersign.Server.Upstreams.LocalRepositories;

/// <summary>How taking an object in ended.</summary>
internal enum LfsIntake
{
    Kept,

    /// <summary>More bytes than said, fewer, or others.</summary>
    Wrong,
    DiskFull,
}

/// <summary>
/// The large files of local repositories, one file each: <c>KEY/name/ab/cd/OID</c>. Each repository has its own, so that an object
/// can be read and claimed only where it was uploaded, whoever knows its name. A file is there whole and right, or not at all.
/// </summary>
internal sealed class LfsObjects(GatewayOptions options)
{
    private const int NoSpace = 28; // ENOSPC and EDQUOT, errno(3), Linux
    private const int OverQuota = 122;

    public bool Has(RepositoryPath repository, LfsObject asked) => new FileInfo(PathOf(repository, asked.Oid)) is { Exists: true } file && file.Length == asked.Size;

    /// <summary>Opens an object at a byte; null when it is not there.</summary>
    public Stream? Open(RepositoryPath repository, LfsObject asked, long offset)
    {
        try
        {
            var file = new FileStream(PathOf(repository, asked.Oid), new FileStreamOptions { Options = FileOptions.Asynchronous | FileOptions.SequentialScan, BufferSize = 0 });
            if (file.Length == asked.Size)
            {
                file.Position = offset;
                return file;
            }

            file.Dispose();
            return null;
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Reads an object to its end, checks it, and puts it in its place in one step.</summary>
    public async Task<(LfsIntake Result, long Bytes)> TakeAsync(RepositoryPath repository, LfsObject said, PipeReader content, CancellationToken cancellation)
    {
        var draft = Path.Combine(options.LfsIncomingFolder, Guid.NewGuid().ToString("N"));
        var bytes = 0L;
        try
        {
            await using (var file = PrivateFiles.Open(draft, FileMode.CreateNew))
            {
                using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
                bytes = await CopyAsync(content, file, hash, said.Size, cancellation);
                if (bytes != said.Size || Convert.ToHexStringLower(hash.GetHashAndReset()) != said.Oid.Hex)
                {
                    return (LfsIntake.Wrong, bytes);
                }

                file.Flush(flushToDisk: true);
            }

            Place(draft, PathOf(repository, said.Oid));
            return (LfsIntake.Kept, bytes);
        }
        catch (IOException exception) when ((exception.HResult & 0xFFFF) is NoSpace or OverQuota)
        {
            return (LfsIntake.DiskFull, bytes);
        }
        finally
        {
            File.Delete(draft);
        }
    }

    /// <summary>Stops one byte after what was said: that is enough to know.</summary>
    private static async Task<long> CopyAsync(PipeReader content, FileStream file, IncrementalHash hash, long said, CancellationToken cancellation)
    {
        var bytes = 0L;
        while (true)
        {
            var result = await content.ReadAsync(cancellation);
            try
            {
                foreach (var segment in result.Buffer)
                {
                    bytes += segment.Length;
                    if (bytes > said)
                    {
                        break;
                    }

                    hash.AppendData(segment.Span);
                    await file.WriteAsync(segment, cancellation);
                }
            }
            finally
            {
                content.AdvanceTo(result.Buffer.End); // also when the disk is full: the rest is read and dropped before the answer
            }

            if (result.IsCompleted || bytes > said)
            {
                return bytes;
            }
        }
    }

    private void Place(string draft, string path)
    {
        PrivateFiles.CreateFolder(Path.GetDirectoryName(path)!);
        File.Move(draft, path, overwrite: true); // what is there has the same name and so the same content, or is broken

        // A name is durable once its folder is, and each folder's name once the one above is.
        for (var folder = Path.GetDirectoryName(path); folder is not null && folder.Length >= options.LfsFolder.Length; folder = Path.GetDirectoryName(folder))
        {
            PrivateFiles.FlushFolder(folder);
        }
    }

    private string PathOf(RepositoryPath repository, LfsOid oid) =>
        Path.Combine(options.LfsFolder, repository.Workspace, repository.Name, oid.Hex[..2], oid.Hex[2..4], oid.Hex);
}
