using Countersign.Core.Challenges;
using Countersign.Core.Policies;

namespace Countersign.Server.Enforcement;

/// <summary>How much of a repository an answer would show.</summary>
internal enum ExchangePhase
{
    /// <summary>Nothing of the repository: the capabilities of protocol version 2.</summary>
    Capabilities,

    /// <summary>The names and ids of all refs.</summary>
    RefList,

    /// <summary>Refs or objects, either way.</summary>
    Transfer,
}

/// <summary>One request of a command on whatever transport: what the enforcement point needs from it.</summary>
internal interface IGitExchange
{
    CommandRequest Request { get; }

    ExchangePhase Phase { get; }

    /// <summary>
    /// The same person was allowed and given the same answer a moment ago, and it shows nothing of the repository: where it still
    /// is allowed it is given again, without the far side and without new records.
    /// </summary>
    bool CanRepeat => false;

    /// <summary>Allowed now, it would be carried by a proxy, which alone sees what passes and how it ends.</summary>
    bool HandsOver => false;

    /// <summary>How long the client may be left waiting for a verdict.</summary>
    TimeSpan HoldTime { get; }

    /// <summary>The client can wait longer than requests for approval usually live: then this one lives as long.</summary>
    bool OutlivesChallenge => false;

    /// <summary>How often the client needs a sign of life while it waits; null when nothing can be sent.</summary>
    TimeSpan? KeepAliveEvery { get; }

    /// <summary>Shows where to approve, with the number, if this phase can talk.</summary>
    ValueTask TellAsync(Challenge challenge, CancellationToken cancellation);

    /// <summary>One more line while the command waits, if this phase can talk.</summary>
    ValueTask SayAsync(string line, CancellationToken cancellation) => ValueTask.CompletedTask;

    ValueTask KeepAliveAsync(CancellationToken cancellation);

    /// <summary>
    /// For a push: reads it to its end (once) and looks at it, so that forced updates and commit counts are known in
    /// <see cref="Request"/>. False when it is larger than may wait on disk. Throws <see cref="UnreadableRequestException"/>.
    /// </summary>
    Task<bool> InspectAsync(IUpstream upstream, CancellationToken cancellation);

    /// <summary>The decision to let it through is durable, under this index in the audit log; comes before <see cref="ForwardAsync"/>.</summary>
    void Recorded(long decision)
    {
    }

    /// <summary>Tells the person what happened and what to do, in the form that this client shows, and ends the answer.</summary>
    Task RefuseAsync(Refused refused, CancellationToken cancellation);

    Task<ForwardOutcome> ForwardAsync(IUpstream upstream, CancellationToken cancellation);

    /// <summary>The answer is whole: its end may go out now.</summary>
    ValueTask EndAsync() => ValueTask.CompletedTask;

    /// <summary>Gives the answer of a moment ago; only after <see cref="CanRepeat"/>.</summary>
    Task RepeatAsync(CancellationToken cancellation) => throw new InvalidOperationException("there is nothing to repeat");

    /// <summary>
    /// Turns a request for capabilities into one for the refs, where the far side speaks no version 2; it is decided on anew,
    /// in its new <see cref="Phase"/>. False when it asks for something else.
    /// </summary>
    bool TryAskForRefs() => false;
}

/// <summary>A refusal with what its text needs.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Challenge">The request that was asked for, where there was one.</param>
/// <param name="RetryAfter">How long to wait before trying again, where that is what to do.</param>
internal sealed record Refused(Reason Reason, ChallengeId? Challenge = null, TimeSpan? RetryAfter = null)
{
    /// <summary>Set when the far side failed: what it did, and how far its answer had come.</summary>
    public UpstreamUnavailableException? Failure { get; init; }

    /// <summary>In what form the answer goes on.</summary>
    public AnswerForm Form => Failure?.Form ?? AnswerForm.NotBegun;
}
