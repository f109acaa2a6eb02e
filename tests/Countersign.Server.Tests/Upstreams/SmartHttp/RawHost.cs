using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Countersign.Server.Tests.Upstreams.SmartHttp;

/// <summary>A host that answers bytes that the test chose, and keeps every byte that it got.</summary>
internal sealed class RawHost : IAsyncDisposable
{
    public const string Capabilities = "000eversion 2\n0015agent=git/2.39.5\n0013ls-refs=unborn\n0012fetch=shallow\n0000";

    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private readonly Func<Conversation, Task> answer;
    private readonly ConcurrentBag<Task> conversations = [];
    private readonly Task accepting;

    private RawHost(Func<Conversation, Task> answer)
    {
        this.answer = answer;
        listener.Start();
        accepting = AcceptAsync();
    }

    public Uri Base => new($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");

    /// <summary>The heads of all requests, without their last empty line.</summary>
    public ConcurrentQueue<string> Heads { get; } = new();

    public static RawHost Start(Func<Conversation, Task> answer) => new(answer);

    /// <summary>Speaks version 2 and has an empty repository.</summary>
    public static RawHost StartGood() => new(async conversation =>
    {
        while (await conversation.ReadHeadAsync() is { } head)
        {
            await conversation.ReadBodyAsync(head);
            await conversation.SendAsync(
                head.StartsWith("GET", StringComparison.Ordinal)
                    ? Ok(head.Contains("git-receive-pack", StringComparison.Ordinal) ? "git-receive-pack-advertisement" : "git-upload-pack-advertisement", Capabilities)
                    : Ok(head.Contains("git-receive-pack", StringComparison.Ordinal) ? "git-receive-pack-result" : "git-upload-pack-result", "0000"));
        }
    });

    public static string Ok(string kind, string body) =>
        $"HTTP/1.1 200 OK\r\nContent-Type: application/x-{kind}\r\nContent-Length: {body.Length.ToString(CultureInfo.InvariantCulture)}\r\n\r\n{body}";

    public async ValueTask DisposeAsync()
    {
        await ended.CancelAsync();
        listener.Stop();
        await accepting;
        await Task.WhenAll(conversations);
        ended.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                conversations.Add(ServeAsync(await listener.AcceptTcpClientAsync(ended.Token)));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                await answer(new(this, client, ended.Token));
            }
            catch (Exception exception) when (exception is IOException or OperationCanceledException or ObjectDisposedException)
            {
                // The gateway has hung up, or the test is over.
            }
        }
    }

    internal sealed class Conversation(RawHost host, TcpClient client, CancellationToken cancellation)
    {
        private readonly List<byte> unread = [];

        public CancellationToken Ended => cancellation;

        public ValueTask SendAsync(string bytes) => client.GetStream().WriteAsync(Encoding.Latin1.GetBytes(bytes), cancellation);

        /// <summary>Ends the connection with a reset.</summary>
        public void Reset()
        {
            client.Client.LingerState = new(true, 0);
            client.Close();
        }

        /// <summary>Null when the gateway has closed.</summary>
        public async Task<string?> ReadHeadAsync()
        {
            int end;
            while ((end = Text.IndexOf("\r\n\r\n", StringComparison.Ordinal)) < 0)
            {
                if (!await FillAsync())
                {
                    return null;
                }
            }

            var head = Text[..end];
            unread.RemoveRange(0, end + 4);
            host.Heads.Enqueue(head);
            return head;
        }

        public async Task<string> ReadBodyAsync(string head)
        {
            if (head.Contains("Transfer-Encoding: chunked", StringComparison.Ordinal))
            {
                int end;
                while ((end = Text.IndexOf("\r\n0\r\n\r\n", StringComparison.Ordinal)) < 0)
                {
                    if (!await FillAsync())
                    {
                        throw new IOException("the body was cut");
                    }
                }

                return Take(end + 7);
            }

            var length = head.Split("\r\n").FirstOrDefault(line => line.StartsWith("Content-Length: ", StringComparison.Ordinal)) is { } line
                ? int.Parse(line["Content-Length: ".Length..], CultureInfo.InvariantCulture) : 0;
            while (unread.Count < length)
            {
                if (!await FillAsync())
                {
                    throw new IOException("the body was cut");
                }
            }

            return Take(length);
        }

        /// <summary>Reads and drops until the gateway closes or resets.</summary>
        public async Task ReadToTheEndAsync()
        {
            try
            {
                while (await FillAsync())
                {
                    unread.Clear();
                }
            }
            catch (IOException)
            {
                // That is an end, too.
            }
        }

        private string Text => Encoding.Latin1.GetString([.. unread]);

        private string Take(int count)
        {
            var taken = Encoding.Latin1.GetString([.. unread.Take(count)]);
            unread.RemoveRange(0, count);
            return taken;
        }

        private async Task<bool> FillAsync()
        {
            var buffer = new byte[64 * 1024];
            var count = await client.GetStream().ReadAsync(buffer, cancellation);
            unread.AddRange(buffer.AsSpan(0, count));
            return count > 0;
        }
    }
}
