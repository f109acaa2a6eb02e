using Countersign.Core.Challenges;

namespace Countersign.Server.Transports;

/// <summary>What a terminal shows of a request: where to approve, and the number to compare.</summary>
internal readonly record struct ChallengeLink(ChallengeId Id, string Number)
{
    public static ChallengeLink Of(Challenge challenge) => new(challenge.Id, challenge.Number);
}
