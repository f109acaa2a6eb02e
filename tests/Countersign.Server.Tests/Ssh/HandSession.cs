using System.IO.Pipelines;
using System.Text;
using Countersign.Server.Transports.Ssh;

namespace Countersign.Server.Tests.Ssh;

/// <summary>A command over SSH whose client is the test: it writes, leaves its side open or closes it, and goes when it likes.</summary>
internal sealed class HandSession : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly Pipe input = new();
    private readonly Pipe output = new();
    private readonly Pipe error = new();
    private readonly CancellationTokenSource gone = new();

    public HandSession(SshCommands commands, SshLogin login, string command, int protocol)
    {
        var session = new SshSession(login, command, protocol) { Input = input.Reader, Output = output.Writer, Error = error.Writer };
        Status = Task.Run(async () =>
        {
            try
            {
                return await commands.RunAsync(session, gone.Token);
            }
            finally
            {
                await output.Writer.CompleteAsync();
                await error.Writer.CompleteAsync();
            }
        });
    }

    public Task<int> Status { get; }

    public async Task WriteAsync(string text, bool last = false)
    {
        await input.Writer.WriteAsync(Encoding.Latin1.GetBytes(text));
        if (last)
        {
            await input.Writer.CompleteAsync();
        }
    }

    public Task CloseAsync() => input.Writer.CompleteAsync().AsTask();

    /// <summary>As when the connection is lost.</summary>
    public Task LeaveAsync() => gone.CancelAsync();

    /// <summary>The same, until the command has ended; how it ends is of no interest when nobody is there.</summary>
    public async Task LeaveForGoodAsync()
    {
        await gone.CancelAsync();
        await Task.WhenAny(Status).WaitAsync(Patience, TestContext.Current.CancellationToken);
    }

    /// <summary>What comes until the text does, or to the end.</summary>
    public Task<string> ReadUntilAsync(string text) => ReadAsync(output.Reader, text);

    public Task<string> ReadAllAsync() => ReadAsync(output.Reader, null);

    public Task<string> ReadErrorsAsync(string? until = null) => ReadAsync(error.Reader, until);

    public Task<int> EndAsync() => Status.WaitAsync(Patience, TestContext.Current.CancellationToken);

    public void Dispose() => gone.Dispose();

    private static async Task<string> ReadAsync(PipeReader reader, string? until)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(Patience);
        var text = new StringBuilder();
        while (true)
        {
            var result = await reader.ReadAsync(patience.Token);
            foreach (var part in result.Buffer)
            {
                text.Append(Encoding.Latin1.GetString(part.Span));
            }

            reader.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted || (until is not null && text.ToString().Contains(until, StringComparison.Ordinal)))
            {
                return text.ToString();
            }
        }
    }
}
