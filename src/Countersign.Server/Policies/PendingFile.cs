using System.Runtime.InteropServices;

namespace Countersign.Server.Policies;

/// <summary>A file on disk that takes the place of another in one step (rename), or goes away when it is not committed.</summary>
internal sealed partial class PendingFile : IDisposable
{
    private const int CloseOnExec = 0x80000;
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
        FlushFolder();
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

    // The new policy is in its place whether or not this succeeds, so a failure is no reason to keep deciding by the old one.
    // A rename is durable once its folder is (fsync(2)); otherwise a power cut could bring the laxer policy back.
    private void FlushFolder()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var folder = Open(Path.GetDirectoryName(Path.GetFullPath(path))!, CloseOnExec);
        if (folder >= 0)
        {
            _ = FSync(folder);
            _ = Close(folder);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int FSync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
