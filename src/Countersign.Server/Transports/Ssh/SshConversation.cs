using System.IO.Pipelines;
using System.Text;
using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Server.Enforcement;

namespace Countersign.Server.Transports.Ssh;

/// <summary>One Git command's client: what it sends, what it is answered, and what its person is told meanwhile.</summary>
internal sealed class SshConversation(SshSession session, SshTerms terms)
{
    private DateTimeOffset? asked;

    public PipeReader Input => session.Input;

    public PipeWriter Output => session.Output;

    public SshTerminal Terminal { get; } = new(session.Error);

    public int ProtocolVersion => session.ProtocolVersion;

    public SshTerms Terms => terms;

    /// <summary>The client's first word after it was shown refs; its own hooks run before that.</summary>
    /// <returns>False when it has none, and has closed its side.</returns>
    public async Task<bool> HasMoreAsync(CancellationToken cancellation)
    {
        using var hooks = session.Patience?.ForHooks();
        var first = await Input.ReadAsync(cancellation);
        Input.AdvanceTo(first.Buffer.Start);
        return !first.IsCompleted || !first.Buffer.IsEmpty;
    }

    public ValueTask TellAsync(CommandRequest request, Challenge challenge, CancellationToken cancellation)
    {
        asked ??= terms.Clock.GetUtcNow();
        return Terminal.SayAsync(terms.Texts.Held(request, ChallengeLink.Of(challenge)), cancellation);
    }

    /// <summary>Says that a command which was told to wait goes on.</summary>
    public async ValueTask GoOnAsync(CancellationToken cancellation)
    {
        if (asked is { } since)
        {
            asked = null;
            await Terminal.SayAsync($"approved, {(long)(terms.Clock.GetUtcNow() - since).TotalSeconds} s", cancellation);
        }
    }

    /// <summary>The last word, in the form that Git shows at this point of an answer; where it has none, on the terminal.</summary>
    public async Task RefuseAsync(IEnumerable<string> lines, AnswerForm form, CancellationToken cancellation)
    {
        switch (form)
        {
            case AnswerForm.NotBegun or AnswerForm.Packets:
                Output.WriteError(string.Join('\n', lines));
                break;
            case AnswerForm.Banded:
                Output.WriteSideband(PktWriter.Fatal, Encoding.UTF8.GetBytes(TerminalText.Lines(string.Join('\n', lines))));
                break;
            default:
                await Terminal.SayAsync(lines, cancellation);
                return;
        }

        await Output.FlushAsync(cancellation);
    }

    public Task RefuseAsync(params IEnumerable<string> lines) => RefuseAsync(lines, AnswerForm.NotBegun, CancellationToken.None);
}
