using System.ComponentModel;
using System.Diagnostics;

namespace Countersign.Server.Tests.Regressions;

/// <summary>A file system in memory that only one process and its children see, where the machine allows it.</summary>
internal static class SmallFileSystem
{
    /// <summary>The words before a command that put the file system on a folder for it.</summary>
    public static string[] On(string folder, string options) =>
        ["unshare", "-m", "sh", "-c", $"mount -t tmpfs {options} none '{folder}' && exec \"$@\"", "sh"];

    public static async Task<bool> IsPossibleAsync(DirectoryInfo folder)
    {
        var target = folder.CreateSubdirectory("mount-probe").FullName;
        try
        {
            using var process = Process.Start(new ProcessStartInfo("unshare", ["-m", "mount", "-t", "tmpfs", "none", target]) { RedirectStandardError = true })!;
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            return process.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false; // no unshare here
        }
    }
}
