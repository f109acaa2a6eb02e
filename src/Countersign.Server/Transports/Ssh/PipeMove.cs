using System.ComponentModel;
using System.Globalization;
using System.IO.Pipes;
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
    private const int WriteOnly = 1; // O_WRONLY
    private const int OpenNonBlocking = 0x800; // O_NONBLOCK; without it the opening would wait for somebody who writes
    private const int OpenCloseOnExec = 0x80000; // O_CLOEXEC
    private const int SetPipeSize = 1031; // F_SETPIPE_SZ
    private const int GetPipeSize = 1032; // F_GETPIPE_SZ
    private const short Readable = 1; // POLLIN
    private const short Writable = 4; // POLLOUT
    private const int Again = 11; // EAGAIN
    private const int Interrupted = 4; // EINTR

    // sshd takes 16 KB at a time: moving each piece by itself costs more than all else. While a large pipe is full of work for
    // sshd there is time to let both sides gather; 1 MB lasts for longer than this at any speed that ssh has.
    private const int GatheringMilliseconds = 2;
    private const int LargePipe = 512 * 1024;

    private const int Broken = 32; // EPIPE

    /// <summary>False for a socket, which sshd may give its commands as well.</summary>
    public static bool IsPipe(SafePipeHandle end) => OperatingSystem.IsLinux() && FileControl(end, GetPipeSize, 0) > 0;

    /// <summary>
    /// The same pipe, opened once more. The runtime goes on watching a stream that it once waited for, and would wake two threads for
    /// every piece that is moved, at ten times what the move costs: it must be given up for one that it never waited for. Null where
    /// the system refuses.
    /// </summary>
    public static SafePipeHandle? Reopen(SafePipeHandle pipe, PipeDirection direction)
    {
        var held = false;
        try
        {
            pipe.DangerousAddRef(ref held); // its number must not become another file's meanwhile
            var path = string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{pipe.DangerousGetHandle()}");
            var own = new SafePipeHandle(Open(path, (direction == PipeDirection.Out ? WriteOnly : 0) | OpenNonBlocking | OpenCloseOnExec), ownsHandle: true);
            if (!own.IsInvalid)
            {
                return own;
            }

            own.Dispose();
            return null;
        }
        finally
        {
            if (held)
            {
                pipe.DangerousRelease();
            }
        }
    }

    /// <summary>Asks for a larger pipe; a refusal is fine.</summary>
    public static void TryEnlarge(SafePipeHandle pipe, int bytes) => _ = FileControl(pipe, SetPipeSize, bytes);

    public MoveEnd Run(CancellationToken cancellation)
    {
        using var wake = new SafeFileHandle(EventDescriptor(0, CloseOnExec), ownsHandle: true);
        if (wake.IsInvalid)
        {
            throw new IOException($"There is nothing to end the passing on with: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
        }

        using var registration = cancellation.UnsafeRegister(static state => Wake((SafeFileHandle)state!), wake);
        var gathers = FileControl(to, GetPipeSize, 0) >= LargePipe;
        var flows = false;
        while (!cancellation.IsCancellationRequested)
        {
            var count = Splice(from, 0, to, 0, Most, NonBlocking);
            if (count > 0)
            {
                moved(count);
                flows = gathers;
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

            if (flows)
            {
                flows = false;
                Pause(wake);
                continue;
            }

            // Either side may be why: first the source, whose time is nobody's, then the client, whose patience it is.
            if (!Wait(from, Readable, wake) || !WaitForClient(wake))
            {
                return MoveEnd.Cancelled;
            }
        }

        return MoveEnd.Cancelled;
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

    private static void Pause(SafeFileHandle wake)
    {
        var polled = new Polled { Descriptor = (int)wake.DangerousGetHandle(), Asked = Readable }; // the caller keeps it open
        _ = Poll(ref polled, 1, GatheringMilliseconds);
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

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int FileControl(SafePipeHandle descriptor, int command, int argument);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(ref Polled polled, nuint count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    private static partial int EventDescriptor(uint initial, int flags);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(SafeFileHandle descriptor, ref long value, nint length);
}
