using System.Buffers.Binary;
using System.Net.Security;
using System.Text;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Tls;

/// <summary>
/// Speaks HTTP/2 frame by frame (RFC 9113), so that it can send what no client library would. Headers go as literals without
/// indexing or Huffman coding (RFC 7541 6.2.2).
/// </summary>
internal sealed class Http2Client(TlsClient tls) : IDisposable
{
    private const byte Headers = 1, Reset = 3, Settings = 4, GoAway = 7;

    public static async Task<Http2Client> OpenAsync(GatewayFixture gateway, TestAuthority authority)
    {
        var client = new Http2Client(await TlsClient.OpenAsync(gateway, authority, SslApplicationProtocol.Http2));
        await client.tls.SendAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        await client.FrameAsync(Settings, 0, 0, []);
        return client;
    }

    private readonly TlsClient tls = tls;

    /// <summary>Sends one request without a body and says how it was answered: a status, <c>reset</c> or <c>goaway</c>.</summary>
    public async Task<string> AskAsync(params (string Name, string Value)[] headers)
    {
        var block = new MemoryStream();
        foreach (var (name, value) in headers)
        {
            block.WriteByte(0); // literal without indexing, new name
            Write(block, name);
            Write(block, value);
        }

        await FrameAsync(Headers, 0x5, 1, block.ToArray()); // END_STREAM, END_HEADERS
        while (true)
        {
            var (type, payload) = await ReadFrameAsync();
            switch (type)
            {
                case Headers:
                    return StatusOf(payload);
                case Reset:
                    return "reset";
                case GoAway:
                    return "goaway";
            }
        }
    }

    public void Dispose() => tls.Dispose();

    /// <summary>The status is the first field of an answer: indexed (RFC 7541 appendix A), or literal with an indexed name.</summary>
    private static string StatusOf(byte[] block)
    {
        var at = (block[0] & 0xe0) == 0x20 ? 1 : 0; // a table size update may stand before it
        return block[at] switch
        {
            0x88 => "200",
            0x8c => "400",
            0x8d => "404",
            _ => Encoding.ASCII.GetString(block, at + 2, 3),
        };
    }

    private static void Write(MemoryStream block, string text)
    {
        var bytes = Encoding.Latin1.GetBytes(text);
        if (bytes.Length < 127)
        {
            block.WriteByte((byte)bytes.Length);
        }
        else
        {
            block.WriteByte(127);
            var rest = bytes.Length - 127;
            for (; rest >= 128; rest /= 128)
            {
                block.WriteByte((byte)((rest % 128) | 128));
            }

            block.WriteByte((byte)rest);
        }

        block.Write(bytes);
    }

    private async Task FrameAsync(byte type, byte flags, int stream, byte[] payload)
    {
        var head = new byte[9];
        head[0] = (byte)(payload.Length >> 16);
        BinaryPrimitives.WriteUInt16BigEndian(head.AsSpan(1), (ushort)payload.Length);
        (head[3], head[4]) = (type, flags);
        BinaryPrimitives.WriteInt32BigEndian(head.AsSpan(5), stream);
        await tls.Stream.WriteAsync((byte[])[.. head, .. payload], tls.Cancellation);
        await tls.Stream.FlushAsync(tls.Cancellation);
    }

    private async Task<(byte Type, byte[] Payload)> ReadFrameAsync()
    {
        var head = new byte[9];
        await tls.Stream.ReadExactlyAsync(head, tls.Cancellation);
        var payload = new byte[(head[0] << 16) | BinaryPrimitives.ReadUInt16BigEndian(head.AsSpan(1))];
        await tls.Stream.ReadExactlyAsync(payload, tls.Cancellation);
        return (head[3], payload);
    }
}
