using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Countersign.Core.Git;

namespace Countersign.Server.Transports.Ssh;

/// <summary>What the person reads while a command runs: standard error, each line behind the gateway's name, at once.</summary>
internal sealed class SshTerminal(PipeWriter error)
{
    public async ValueTask SayAsync(IEnumerable<string> lines, CancellationToken cancellation)
    {
        error.Write(Encoding.UTF8.GetBytes(string.Concat(lines.Select(line => $"countersign: {TerminalText.Line(line)}\n"))));
        try
        {
            await error.FlushAsync(cancellation);
        }
        catch (IOException)
        {
            // Somebody runs Git with its standard error closed: the command itself goes on.
        }
    }

    public ValueTask SayAsync(string line, CancellationToken cancellation) => SayAsync([line], cancellation);
}
