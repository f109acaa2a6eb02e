using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace Countersign.Server.Tests.Regressions;

/// <summary>Speaks to the socket behind sshd as the shell does, or as it never would.</summary>
internal sealed class RawShell : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly Socket socket = new(AddressFamily.Unix, SocketType.Seqpacket, ProtocolType.Unspecified);

    public RawShell(string path) => socket.Connect(new UnixDomainSocketEndPoint(path));

    public static byte[] Message(string head, params string[] fields)
    {
        var message = new List<byte>(Encoding.ASCII.GetBytes(head));
        foreach (var field in fields.Select(Encoding.UTF8.GetBytes))
        {
            var length = new byte[2];
            BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)field.Length);
            message.AddRange([.. length, .. field]);
        }

        return [.. message];
    }

    public static byte[] Session(string key = "ssh-k", string mark = "", string connection = "192.0.2.7 50000 192.0.2.1 2222", string command = "x", string protocol = "version=2") =>
        Message("C1S", key, mark, connection, command, protocol);

    /// <summary>sendmsg(2) with descriptors in one control message.</summary>
    public void Send(byte[] message, params ReadOnlySpan<SafeHandle> descriptors)
    {
        var control = new byte[16 + (((descriptors.Length * sizeof(int)) + 7) / 8 * 8)];
        BinaryPrimitives.WriteInt64LittleEndian(control, 16 + (descriptors.Length * sizeof(int)));
        BinaryPrimitives.WriteInt32LittleEndian(control.AsSpan(8), 1); // SOL_SOCKET
        BinaryPrimitives.WriteInt32LittleEndian(control.AsSpan(12), 1); // SCM_RIGHTS
        for (var index = 0; index < descriptors.Length; index++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(control.AsSpan(16 + (index * sizeof(int))), (int)descriptors[index].DangerousGetHandle());
        }

        var pins = new[] { GCHandle.Alloc(message, GCHandleType.Pinned), GCHandle.Alloc(control, GCHandleType.Pinned) };
        var part = Marshal.AllocHGlobal(16);
        var header = Marshal.AllocHGlobal(56);
        try
        {
            long[] fields = [0, 0, part, 1, descriptors.Length > 0 ? pins[1].AddrOfPinnedObject() : 0, descriptors.Length > 0 ? control.Length : 0, 0];
            Marshal.Copy([pins[0].AddrOfPinnedObject(), message.Length], 0, part, 2);
            Marshal.Copy(fields, 0, header, fields.Length);
            Assert.Equal(message.Length, SendMessage((int)socket.Handle, header, 0x4000));
        }
        finally
        {
            Marshal.FreeHGlobal(part);
            Marshal.FreeHGlobal(header);
            Array.ForEach(pins, pin => pin.Free());
        }
    }

    /// <summary>What is answered; empty when the other side hangs up.</summary>
    public async Task<byte[]> AnswerAsync()
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(Patience);
        var answer = new byte[32 * 1024];
        try
        {
            return answer[..await socket.ReceiveAsync(answer, SocketFlags.None, patience.Token)];
        }
        catch (SocketException)
        {
            return [];
        }
    }

    public void Dispose() => socket.Dispose();

    [DllImport("libc", EntryPoint = "sendmsg", SetLastError = true)]
    private static extern nint SendMessage(int socket, nint header, int flags);
}
