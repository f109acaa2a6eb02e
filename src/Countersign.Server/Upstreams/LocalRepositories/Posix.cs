using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Countersign.Server.Upstreams.LocalRepositories;

/// <summary>The calls that the framework does not offer: signals to a process group, and the size of a pipe.</summary>
internal static partial class Posix
{
    public const int Terminate = 15;
    public const int Kill = 9;

    private const int SetPipeSize = 1031; // F_SETPIPE_SZ, fcntl(2), Linux

    /// <summary>Sends the signal to every process of the group; one that is gone already is fine.</summary>
    public static void SignalGroup(int group, int signal) => _ = KillCore(-group, signal);

    public static void SignalProcess(int process, int signal) => _ = KillCore(process, signal);

    /// <summary>Asks for a larger pipe, where the system has that; it is faster, never needed, so a refusal is fine.</summary>
    public static void TryEnlarge(SafePipeHandle pipe, int bytes)
    {
        if (OperatingSystem.IsLinux())
        {
            _ = FileControl(pipe, SetPipeSize, bytes);
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int KillCore(int process, int signal);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int FileControl(SafePipeHandle descriptor, int command, int argument);
}
