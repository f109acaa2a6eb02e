using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Regressions;

/// <summary>One answer as it came over the wire.</summary>
internal sealed record RawAnswer(int Status, IReadOnlyList<(string Name, string Value)> Headers, string Body)
{
    public string? Header(string name) =>
        Headers.FirstOrDefault(header => header.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;
}

/// <summary>What an attacker has: a TCP connection, and every byte on it his own. Latin-1, so that each character is one byte.</summary>
internal sealed class RawConnection : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly TcpClient client = new();
    private readonly CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private readonly List<byte> unread = [];

    public static async Task<RawConnection> OpenAsync(GatewayFixture gateway, TimeSpan? patience = null)
    {
        var connection = new RawConnection();
        connection.patience.CancelAfter(patience ?? Patience);
        connection.client.NoDelay = true;
        await connection.client.ConnectAsync(IPAddress.Loopback, gateway.Options.Http.Port, connection.patience.Token);
        return connection;
    }

    /// <summary>Sends one message and reads what comes until the gateway closes the connection.</summary>
    public static async Task<string> AskToTheEndAsync(GatewayFixture gateway, string message)
    {
        using var connection = await OpenAsync(gateway);
        await connection.SendAsync(message);
        return await connection.ReadToEndAsync();
    }

    public static async Task<RawAnswer> AskAsync(GatewayFixture gateway, string message)
    {
        using var connection = await OpenAsync(gateway);
        await connection.SendAsync(message);
        return await connection.ReadAnswerAsync();
    }

    public static string Basic(TestPerson person) => BasicOf(person.Name, person.Token);

    public static string BasicOf(string name, string secret) =>
        $"Authorization: Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{name}:{secret}"))}\r\n";

    public static string Get(string target, string headers) => $"GET {target} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n";

    public static string Post(string path, string service, string headers, string body) =>
        $"POST {path}/{service} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-{service}-request\r\nContent-Length: {body.Length.ToString(CultureInfo.InvariantCulture)}\r\n{headers}\r\n{body}";

    public static string Chunk(string data) => $"{data.Length:x}\r\n{data}\r\n";

    public static string Packet(string data) => $"{data.Length + 4:x4}{data}";

    public ValueTask SendAsync(string bytes) => SendAsync(Encoding.Latin1.GetBytes(bytes));

    public ValueTask SendAsync(ReadOnlyMemory<byte> bytes) => client.GetStream().WriteAsync(bytes, patience.Token);

    /// <summary>No more will be sent, but the answer may still come.</summary>
    public void EndSending() => client.Client.Shutdown(SocketShutdown.Send);

    public async Task<string> ReadToEndAsync()
    {
        while (await FillAsync())
        {
        }

        return Encoding.Latin1.GetString([.. unread]);
    }

    /// <summary>Reads until the text has been received; fails when the connection ends before.</summary>
    public async Task ReadUntilAsync(string text)
    {
        while (!Encoding.Latin1.GetString([.. unread]).Contains(text, StringComparison.Ordinal))
        {
            Assert.True(await FillAsync(), $"the connection ended before \"{text}\": {Encoding.Latin1.GetString([.. unread])}");
        }
    }

    public async Task<RawAnswer> ReadAnswerAsync()
    {
        var head = await ReadPastAsync("\r\n\r\n");
        var lines = head.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        var headers = lines.Skip(1).Select(line => line.Split(": ", 2)).Select(pair => (pair[0], pair[1])).ToList();
        var answer = new RawAnswer(int.Parse(lines[0].Split(' ')[1], CultureInfo.InvariantCulture), headers, "");
        return answer with
        {
            Body = answer.Header("Transfer-Encoding") is not null ? await ReadChunksAsync()
                : answer.Header("Content-Length") is { } length ? await TakeAsync(int.Parse(length, CultureInfo.InvariantCulture))
                : "",
        };
    }

    public void Dispose()
    {
        client.Dispose();
        patience.Dispose();
    }

    private async Task<string> ReadChunksAsync()
    {
        var body = new StringBuilder();
        while (true)
        {
            var size = int.Parse((await ReadPastAsync("\r\n")).TrimEnd(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            body.Append(await TakeAsync(size));
            await TakeAsync(2);
            if (size == 0)
            {
                return body.ToString();
            }
        }
    }

    private async Task<string> ReadPastAsync(string mark)
    {
        await ReadUntilAsync(mark);
        var all = Encoding.Latin1.GetString([.. unread]);
        return await TakeAsync(all.IndexOf(mark, StringComparison.Ordinal) + mark.Length);
    }

    private async Task<string> TakeAsync(int count)
    {
        while (unread.Count < count)
        {
            Assert.True(await FillAsync(), "the answer ended too early");
        }

        var taken = Encoding.Latin1.GetString([.. unread.Take(count)]);
        unread.RemoveRange(0, count);
        return taken;
    }

    private async Task<bool> FillAsync()
    {
        var buffer = ArrayPool<byte>.Shared.Rent(16 * 1024);
        try
        {
            var count = await client.GetStream().ReadAsync(buffer, patience.Token);
            unread.AddRange(buffer.AsSpan(0, count));
            return count > 0;
        }
        catch (IOException)
        {
            return false; // reset: what came is what there is
        }
        catch (OperationCanceledException) when (!TestContext.Current.CancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"the gateway neither answered nor closed; it said: {Encoding.Latin1.GetString([.. unread])}");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
