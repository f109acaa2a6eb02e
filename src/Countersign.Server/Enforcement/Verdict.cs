using Countersign.Core.Challenges;
using Countersign.Core.Policies;

namespace Countersign.Server.Enforcement;

/// <summary>A decision with the request for proof that led to it, where there was one.</summary>
internal sealed record Verdict(Decision Decision, ChallengeId? Challenge = null, TimeSpan? RetryAfter = null)
{
    /// <summary>The index of the decision's record in the audit log: its one name. Null until it is durable.</summary>
    public long? DecisionId { get; init; }

    public static Verdict Deny(ReasonCode code, ChallengeId? challenge = null, TimeSpan? retryAfter = null) =>
        new(new Decision.Deny { Reason = new(code) }, challenge, retryAfter);
}
