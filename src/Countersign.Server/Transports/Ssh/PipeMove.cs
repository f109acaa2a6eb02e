using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Countersign.Server.Transports.Ssh;

/// <summary>
/// Moves pages from one pipe to another with splice(2): a clone is gigabytes that the gateway has nothing to say about, and must
/// only count and be able to cut. It takes a thread that waits in poll(2) for as long as it lasts; there are no more of them than
/// git processes.
/// </summary>
internal sealed partial class PipeMove(SafePipeHandle from, SafePipeHandle to, ClientPatience patience, Action<long> moved)
{
    private const int Most = 1 << 20;
    private const uint NonBlocking = 2; // SPLICE_F_NONBLOCK
    private const int CloseOnExec = 0x80000; // EFD_CLOEXEC
    private const int SetPipeSize = 1031; // F_SETPIPE_SZ
    private const int GetPipeSize = 1032; // F_GETPIPE_SZ
    private const short Readable = 1; // POLLIN
    private const short Writable = 4; // POLLOUT
    private const int Again = 11; // EAGAIN
    private const int Interrupted = 4; // EINTR
    private const int Broken = 32; // EPIPE

    /// <summary>False for a socket, which sshd may give its commands as well.</summary>
    public static bool IsPipe(SafePipeHandle end) => OperatingSystem.IsLinux() && FileControl(end, GetPipeSize, 0) > 0;

    /// <summary>Asks for a larger pipe; a refusal is fine.</summary>
    public static void TryEnlarge(SafePipeHandle pipe, int bytes) => _ = FileControl(pipe, SetPipeSize, bytes);

    public MoveEnd Run(CancellationToken cancellation)
    {
        using var wake = new SafeFileHandle(EventDescriptor(0, CloseOnExec), ownsHandle: true);
        using var registration = cancellation.UnsafeRegister(static state => Wake((SafeFileHandle)state!), wake);
        while (true)
        {
            var count = Splice(from, 0, to, 0, Most, NonBlocking);
            if (count > 0)
            {
                moved(count);
                continue;
            }

            if (count == 0)
            {
                return MoveEnd.Complete;
            }

            switch (Marshal.GetLastPInvokeError())
            {
                case Interrupted:
                    continue;
                case Broken:
                    return MoveEnd.TargetGone;
                case Again:
                    break;
                case var error:
                    throw new IOException($"A pipe could not be passed on: {new Win32Exception(error).Message}");
            }

            // Either side may be why: first the source, whose time is nobody's, then the client, whose patience it is.
            if (!Wait(from, Readable, wake) || !WaitForClient(wake))
            {
                return MoveEnd.Cancelled;
            }
        }
    }

    private bool WaitForClient(SafeFileHandle wake)
    {
        patience.Enter();
        var takes = false;
        try
        {
            return takes = Wait(to, Writable, wake);
        }
        finally
        {
            patience.Leave(takes);
        }
    }

    /// <returns>False when it was cancelled.</returns>
    private static bool Wait(SafeHandle end, short what, SafeFileHandle wake)
    {
        var (endAdded, wakeAdded) = (false, false);
        try
        {
            end.DangerousAddRef(ref endAdded);
            wake.DangerousAddRef(ref wakeAdded);
            Span<Polled> polled = [new() { Descriptor = (int)end.DangerousGetHandle(), Asked = what }, new() { Descriptor = (int)wake.DangerousGetHandle(), Asked = Readable }];
            while (Poll(ref polled[0], (nuint)polled.Length, -1) < 0)
            {
                if (Marshal.GetLastPInvokeError() is not Interrupted)
                {
                    return false;
                }
            }

            return polled[1].Happened == 0;
        }
        finally
        {
            if (endAdded)
            {
                end.DangerousRelease();
            }

            if (wakeAdded)
            {
                wake.DangerousRelease();
            }
        }
    }

    private static void Wake(SafeFileHandle wake)
    {
        var one = 1L;
        _ = Write(wake, ref one, sizeof(long));
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Polled
    {
        public int Descriptor;
        public short Asked;
        public short Happened;
    }

    [LibraryImport("libc", EntryPoint = "splice", SetLastError = true)]
    private static partial nint Splice(SafePipeHandle from, nint fromOffset, SafePipeHandle to, nint toOffset, nint length, uint flags);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int FileControl(SafePipeHandle descriptor, int command, int argument);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(ref Polled polled, nuint count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    private static partial int EventDescriptor(uint initial, int flags);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(SafeFileHandle descriptor, ref long value, nint length);
}
