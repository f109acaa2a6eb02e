using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Countersign.Server.Tests.Mail;

/// <summary>A server that says what it was told to, line for line, whatever is asked: what no honest program would say.</summary>
internal sealed class RawSmtp : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource ended = new();
    private readonly Task serving;

    /// <param name="answers">The greeting, then the answer to each line.</param>
    public RawSmtp(params string[] answers)
    {
        listener.Start();
        serving = ServeAsync(answers);
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>Everything that came in.</summary>
    public StringBuilder Heard { get; } = new();

    public async ValueTask DisposeAsync()
    {
        await ended.CancelAsync();
        listener.Stop();
        await serving;
        ended.Dispose();
    }

    private async Task ServeAsync(string[] answers)
    {
        try
        {
            using var client = await listener.AcceptTcpClientAsync(ended.Token);
            await using var stream = client.GetStream();
            using var reader = new StreamReader(stream, Encoding.Latin1);
            foreach (var answer in answers)
            {
                await stream.WriteAsync(Encoding.Latin1.GetBytes(answer), ended.Token);
                if (await reader.ReadLineAsync(ended.Token) is not { } line)
                {
                    return;
                }

                Heard.Append(line).Append('\n');
            }

            Heard.Append(await reader.ReadToEndAsync(ended.Token));
        }
        catch (Exception failure) when (failure is OperationCanceledException or IOException or SocketException)
        {
            // The client has gone, or the test is over.
        }
    }
}
