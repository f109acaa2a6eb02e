using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace Countersign.Server.Transports.Ssh;

/// <summary>
/// One datagram of a Unix socket with the descriptors that came with it (SCM_RIGHTS, unix(7)). What arrives is ours to close,
/// whatever becomes of the message: disposing does.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed unsafe partial class DescriptorMessage : IDisposable
{
    public const int MaxBytes = 16384;

    private const int MaxDescriptors = 8; // the kernel closes what does not fit, and says that something did not
    private const int SolSocket = 1;
    private const int ScmRights = 1;
    private const int MsgControlTruncated = 0x8;
    private const int MsgTruncated = 0x20;
    private const int MsgDontWait = 0x40;
    private const int MsgCloseOnExec = 0x40000000;
    private const int TryAgain = 11;
    private const int Interrupted = 4;

    private DescriptorMessage(byte[] body, IReadOnlyList<SafePipeHandle> descriptors, bool isWhole)
    {
        (Body, Descriptors, IsWhole) = (body, descriptors, isWhole);
    }

    /// <summary>Empty when the other side has gone.</summary>
    public byte[] Body { get; }

    public IReadOnlyList<SafePipeHandle> Descriptors { get; }

    /// <summary>False when bytes or descriptors were cut off.</summary>
    public bool IsWhole { get; }

    /// <summary>Takes what is there; null when nothing is yet. Throws <see cref="SocketException"/>.</summary>
    public static DescriptorMessage? Take(Socket socket)
    {
        var body = new byte[MaxBytes];
        const int ControlBytes = 16 + (MaxDescriptors * sizeof(int));
        var control = stackalloc byte[ControlBytes];
        var held = false;
        var handle = socket.SafeHandle;
        handle.DangerousAddRef(ref held);
        try
        {
            fixed (byte* bytes = body)
            {
                var part = new Part { Base = bytes, Length = (nuint)body.Length };
                var header = new Header { Parts = &part, PartCount = 1, Control = control, ControlLength = ControlBytes };
                nint received;
                do
                {
                    received = ReceiveMessage((int)handle.DangerousGetHandle(), &header, MsgDontWait | MsgCloseOnExec);
                }
                while (received < 0 && Marshal.GetLastPInvokeError() == Interrupted);
                if (received < 0)
                {
                    return Marshal.GetLastPInvokeError() == TryAgain ? null : throw new SocketException(Marshal.GetLastPInvokeError());
                }

                var descriptors = DescriptorsIn(new(control, (int)header.ControlLength));
                return new(body[..(int)received], descriptors, (header.Flags & (MsgControlTruncated | MsgTruncated)) == 0);
            }
        }
        finally
        {
            if (held)
            {
                handle.DangerousRelease();
            }
        }
    }

    public void Dispose()
    {
        foreach (var descriptor in Descriptors)
        {
            descriptor.Dispose();
        }
    }

    /// <summary>Control messages lie one after the other, each aligned to the size of its length (cmsg(3)).</summary>
    private static List<SafePipeHandle> DescriptorsIn(ReadOnlySpan<byte> control)
    {
        var found = new List<SafePipeHandle>();
        var head = sizeof(nuint) + (2 * sizeof(int));
        while (control.Length >= head)
        {
            var length = (int)MemoryMarshal.Read<nuint>(control);
            if (length < head || length > control.Length)
            {
                break;
            }

            var (level, type) = (MemoryMarshal.Read<int>(control[sizeof(nuint)..]), MemoryMarshal.Read<int>(control[(sizeof(nuint) + sizeof(int))..]));
            if (level == SolSocket && type == ScmRights)
            {
                foreach (var descriptor in MemoryMarshal.Cast<byte, int>(control[head..length]))
                {
                    found.Add(new(descriptor, ownsHandle: true));
                }
            }

            var aligned = (length + sizeof(nuint) - 1) / sizeof(nuint) * sizeof(nuint);
            control = control[Math.Min(aligned, control.Length)..];
        }

        return found;
    }

    [LibraryImport("libc", EntryPoint = "recvmsg", SetLastError = true)]
    private static partial nint ReceiveMessage(int socket, Header* header, int flags);

    [StructLayout(LayoutKind.Sequential)]
    private struct Part
    {
        public byte* Base;
        public nuint Length;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Header
    {
        public void* Name;
        public uint NameLength;
        public Part* Parts;
        public nuint PartCount;
        public void* Control;
        public nuint ControlLength;
        public int Flags;
    }
}
