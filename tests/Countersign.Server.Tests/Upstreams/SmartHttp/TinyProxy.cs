using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Countersign.Server.Tests.Upstreams.SmartHttp;

/// <summary>The smallest HTTP proxy: CONNECT, and requests in absolute form, one a connection.</summary>
internal sealed class TinyProxy : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly Task accepting;

    public TinyProxy()
    {
        listener.Start();
        accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    public ConcurrentQueue<string> Lines { get; } = new();

    public async ValueTask DisposeAsync()
    {
        listener.Stop();
        await accepting;
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private async Task AcceptAsync()
    {
        var tunnels = new List<Task>();
        try
        {
            while (true)
            {
                tunnels.Add(ServeAsync(await listener.AcceptTcpClientAsync(Cancellation)));
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // The test is over; what still runs ends with the gateway's connections.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                var head = await ReadHeadAsync(client.GetStream());
                Lines.Enqueue(head.Split("\r\n")[0]);
                var target = head.Split(' ')[1];
                var address = new Uri(head.StartsWith("CONNECT", StringComparison.Ordinal) ? $"http://{target}" : target);
                using var far = new TcpClient();
                await far.ConnectAsync(IPAddress.Loopback, address.Port, Cancellation);
                if (head.StartsWith("CONNECT", StringComparison.Ordinal))
                {
                    await client.GetStream().WriteAsync("HTTP/1.1 200 OK\r\n\r\n"u8.ToArray(), Cancellation);
                }
                else
                {
                    var lines = head.Replace(target, address.PathAndQuery, StringComparison.Ordinal).Split("\r\n").Where(line => !line.StartsWith("Proxy-", StringComparison.Ordinal));
                    await far.GetStream().WriteAsync(Encoding.Latin1.GetBytes(string.Join("\r\n", lines.Append("Connection: close")) + "\r\n\r\n"), Cancellation);
                }

                await Task.WhenAny(
                    client.GetStream().CopyToAsync(far.GetStream(), Cancellation),
                    far.GetStream().CopyToAsync(client.GetStream(), Cancellation));
            }
            catch (Exception exception) when (exception is IOException or OperationCanceledException)
            {
                // Somebody hung up.
            }
        }
    }

    private static async Task<string> ReadHeadAsync(Stream stream)
    {
        var (head, one) = (new StringBuilder(), new byte[1]);
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await stream.ReadAsync(one, Cancellation) == 1)
        {
            head.Append((char)one[0]);
        }

        return head.ToString().TrimEnd();
    }
}
