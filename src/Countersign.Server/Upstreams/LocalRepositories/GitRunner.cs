using System.Diagnostics;
using System.IO.Pipelines;
using System.Text;

namespace Countersign.Server.Upstreams.LocalRepositories;

/// <summary>What a short git command ended with.</summary>
/// <param name="Output">Standard output, trimmed.</param>
/// <param name="Error">One line without paths.</param>
internal sealed record GitResult(int ExitCode, string Output, string Error)
{
    public bool Ok => ExitCode == 0;
}

/// <summary>Runs git commands whose output is a few lines.</summary>
internal sealed class GitRunner(GitExecutable git)
{
    private const int MaxOutput = 64 * 1024;

    /// <summary>The way to add something to the environment before a run.</summary>
    public ProcessStartInfo Command(string? repository, params ReadOnlySpan<string> arguments) => git.Command(repository, arguments);

    public async Task<GitResult> RunAsync(ProcessStartInfo command, Stream? input, CancellationToken cancellation)
    {
        await using var child = GitProcess.Start(git, command);
        var feeding = new RequestPump(PipeReader.Create(input ?? Stream.Null, Leave), child.Input).RunAsync(cancellation);
        try
        {
            var output = await ReadAsync(child.Output, cancellation);
            var exit = await child.WaitAsync(cancellation);
            return new(exit, output, await child.ErrorAsync(cancellation));
        }
        finally
        {
            await child.EndAsync();
            await feeding;
        }
    }

    private static readonly StreamPipeReaderOptions Leave = new(bufferSize: 64 * 1024, leaveOpen: true);

    private static async Task<string> ReadAsync(Stream stream, CancellationToken cancellation)
    {
        var (output, buffer) = (new MemoryStream(), new byte[4096]);
        while (await stream.ReadAsync(buffer, cancellation) is var count and > 0)
        {
            output.Write(buffer, 0, (int)Math.Min(count, MaxOutput - output.Length));
        }

        return Encoding.UTF8.GetString(output.GetBuffer(), 0, (int)output.Length).Trim();
    }
}
