using Countersign.Server.Storage.Sqlite;

namespace Countersign.Server.Policies;

/// <summary>A file on disk that takes the place of another in one step (rename), or goes away when it is not committed.</summary>
internal sealed class PendingFile : IDisposable
{
    private readonly string path;
    private readonly string pending;

    private PendingFile(string path) => (this.path, pending) = (path, $"{path}.pending");

    public static PendingFile Write(string path, ReadOnlySpan<byte> content)
    {
        var file = new PendingFile(path);
        try
        {
            File.Delete(file.pending);
            using var stream = new FileStream(file.pending, Options());
            stream.Write(content);
            stream.Flush(flushToDisk: true);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public void Commit()
    {
        File.Move(pending, path, overwrite: true);

        // The new policy is in its place whether or not this succeeds, so a failure is no reason to keep deciding by the old one.
        // Otherwise a power cut could bring the laxer policy back.
        PrivateFiles.FlushFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    public void Dispose() => File.Delete(pending);

    private static FileStreamOptions Options()
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return options;
    }
}
