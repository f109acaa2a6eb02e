using Countersign.Server.Storage.Sqlite;

namespace Countersign.Server;

/// <summary>The data folder, claimed for one gateway and readable by its owner alone. Disposing gives the claim back.</summary>
internal sealed class DataFolder : IDisposable
{
    private readonly FileStream claim;

    private DataFolder(FileStream claim) => this.claim = claim;

    /// <summary>Claims the folder, makes what is missing, empties the spool, and finds out now whether anything can be written. Throws <see cref="StartupException"/>.</summary>
    public static DataFolder Open(GatewayOptions options)
    {
        var claim = Claim(options.Data);
        try
        {
            foreach (var folder in new[] { options.KeysFolder, options.RepositoriesFolder, options.SpoolFolder, options.LfsFolder, options.LfsIncomingFolder })
            {
                PrivateFiles.CreateFolder(folder);
            }

            Empty(new(options.SpoolFolder));
            Empty(new(options.LfsIncomingFolder));
            var probe = Path.Combine(options.SpoolFolder, "probe");
            File.WriteAllBytes(probe, new byte[4096]);
            File.Delete(probe);
            return new(claim);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            claim.Dispose();
            throw Unusable(options.Data, exception);
        }
    }

    public void Dispose() => claim.Dispose();

    /// <summary>A lock that the kernel takes back however the process ends.</summary>
    private static FileStream Claim(string folder)
    {
        var file = Path.Combine(folder, "gateway.lock");
        try
        {
            PrivateFiles.CreateFolder(folder);
            var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite; // flock(2) takes no more than the right to read
            }

            return new FileStream(file, options);
        }
        catch (IOException exception) when (exception is not (DirectoryNotFoundException or PathTooLongException) && File.Exists(file) && IsLocked(exception))
        {
            throw new StartupException($"another gateway is running on {folder}; stop it, or choose another folder with --data.", inner: exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Unusable(folder, exception);
        }
    }

    // EWOULDBLOCK from flock(2); everything else (read-only, full, a file in the way) has its own sentence.
    private static bool IsLocked(IOException exception) => (exception.HResult & 0xFFFF) is 11 or 35 or 32;

    private static void Empty(DirectoryInfo folder)
    {
        foreach (var left in folder.EnumerateFileSystemInfos())
        {
            if (left is DirectoryInfo inner)
            {
                inner.Delete(recursive: true);
            }
            else
            {
                left.Delete();
            }
        }
    }

    private static StartupException Unusable(string folder, Exception exception) =>
        new($"the data folder {folder} cannot be written ({exception.Message.TrimEnd('.')}); free some space or correct its permissions, or choose another with --data.", inner: exception);
}
