using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Countersign.Bench;

/// <summary>One HTTP connection with next to no cost of its own. Answers must be chunked; it reads each to its end.</summary>
internal sealed class RawClient(Socket socket) : IDisposable
{
    private static readonly byte[] End = "\r\n0\r\n\r\n"u8.ToArray();

    public static async Task<RawClient> ConnectAsync(int port)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port));
        return new(socket);
    }

    /// <summary>The ref list of the seeded repository or another, as person <paramref name="number"/>.</summary>
    public static byte[] InfoRefs(int number, int version = 0, string repository = Names.Repository) => Encoding.ASCII.GetBytes(
        $"GET /scm/{repository}.git/info/refs?service=git-upload-pack HTTP/1.1\r\nHost: localhost\r\nUser-Agent: {Names.UserAgent}\r\n"
        + (version == 0 ? "" : $"Git-Protocol: version={version}\r\n")
        + $"Accept: */*\r\nAuthorization: Basic {Convert.ToBase64String(Encoding.ASCII.GetBytes($"{Names.Person(number)}:{Names.Token(number)}"))}\r\n\r\n");

    /// <summary>The same headers to the peer, so that both parse as much.</summary>
    public static byte[] Peer(string path, int number) => Encoding.ASCII.GetBytes(
        Encoding.ASCII.GetString(InfoRefs(number)).Replace($"/scm/{Names.Repository}.git/info/refs?service=git-upload-pack", path, StringComparison.Ordinal));

    public async Task SendAsync(byte[] request) => await socket.SendAsync(request);

    /// <summary>Reads one answer to its end; when its first byte came (a <see cref="Stopwatch"/> timestamp), and its status.</summary>
    public async Task<(long First, int Status)> ReceiveAsync()
    {
        var none = await socket.ReceiveAsync(Memory<byte>.Empty); // waits without a buffer
        var first = Stopwatch.GetTimestamp();
        var buffer = new byte[4096];
        var count = none;
        while (!buffer.AsSpan(0, count).EndsWith(End))
        {
            var more = await socket.ReceiveAsync(buffer.AsMemory(count));
            if (more == 0)
            {
                throw new IOException($"the connection ended after {Encoding.ASCII.GetString(buffer, 0, count)}");
            }

            count += more;
        }

        return (first, int.Parse(buffer.AsSpan("HTTP/1.1 ".Length, 3), null));
    }

    public async Task<(TimeSpan First, TimeSpan Whole, int Status)> AskAsync(byte[] request)
    {
        var start = Stopwatch.GetTimestamp();
        await SendAsync(request);
        var (first, status) = await ReceiveAsync();
        return (Stopwatch.GetElapsedTime(start, first), Stopwatch.GetElapsedTime(start), status);
    }

    public void Dispose() => socket.Dispose();
}
