using Countersign.Core.Challenges;
using Countersign.Server.Enforcement;

namespace Countersign.Server.Transports.Ssh;

/// <summary>What all requests over SSH have in common before the enforcement point: a terminal that can be told something at any moment.</summary>
internal abstract class SshExchange(SshConversation conversation, CommandRequest request) : IGitExchange
{
    public CommandRequest Request { get; protected set; } = request;

    public abstract ExchangePhase Phase { get; }

    public TimeSpan HoldTime => conversation.Terms.HoldTime;

    public bool OutlivesChallenge => true;

    /// <summary>sshd keeps the connection alive (ClientAliveInterval), beneath everything that a client sees.</summary>
    public TimeSpan? KeepAliveEvery => null;

    /// <summary>It was let through, and did what was asked.</summary>
    public bool Served { get; private set; }

    protected SshConversation Conversation => conversation;

    public ValueTask SayAsync(string line, CancellationToken cancellation) => conversation.Terminal.SayAsync(line, cancellation);

    public ValueTask TellAsync(Challenge challenge, CancellationToken cancellation) => conversation.TellAsync(Request, challenge, cancellation);

    public ValueTask KeepAliveAsync(CancellationToken cancellation) => ValueTask.CompletedTask;

    public virtual Task<bool> InspectAsync(IUpstream upstream, CancellationToken cancellation) => Task.FromResult(true);

    public virtual Task RefuseAsync(Refused refused, CancellationToken cancellation) =>
        conversation.RefuseAsync(conversation.Terms.Texts.Lines(Request, refused), refused.Form, cancellation);

    public async Task<ForwardOutcome> ForwardAsync(IUpstream upstream, CancellationToken cancellation)
    {
        await conversation.GoOnAsync(cancellation);
        using var place = await conversation.Terms.Crowd.CarryAsync(Request.PrincipalId, cancellation);
        var outcome = await CarryAsync(upstream, cancellation);
        Served = outcome.Succeeded;
        return outcome;
    }

    public virtual bool TryAskForRefs() => false;

    protected abstract Task<ForwardOutcome> CarryAsync(IUpstream upstream, CancellationToken cancellation);
}
