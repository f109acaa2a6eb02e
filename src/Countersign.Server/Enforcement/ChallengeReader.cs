using Countersign.Core.Challenges;
using Countersign.Core.Identities;
using Countersign.Server.Storage.Sqlite;

namespace Countersign.Server.Enforcement;

/// <summary>Reads challenges for pages, the API and held commands.</summary>
internal sealed class ChallengeReader(Ledger ledger, ChallengeAnnouncements announcements, TimeProvider clock)
{
    /// <summary>The challenge with its state as of now (an overdue one reads as Expired); null when it does not exist.</summary>
    public Challenge? Find(ChallengeId id) => ChallengeTable.Find(ledger.Reads, id) is { } found ? AsOfNow(found) : null;

    /// <summary>True while nobody has decided it. Says nothing of its time, which whoever waits keeps.</summary>
    public bool IsPending(ChallengeId id) => ChallengeTable.IsPending(ledger.Reads, id);

    /// <summary>The person's requests, newest first.</summary>
    public IReadOnlyList<Challenge> List(PrincipalId principal, int limit) => Newest(principal, limit);

    /// <summary>Everybody's, newest first; for administrators.</summary>
    public IReadOnlyList<Challenge> ListAll(int limit) => Newest(null, limit);

    /// <summary>Yields the challenge at each change of any of the person's challenges, until cancelled. Missed changes are coalesced.</summary>
    public IAsyncEnumerable<Challenge> WatchAsync(PrincipalId principal, CancellationToken cancellation) =>
        announcements.WatchAsync(principal, cancellation);

    private List<Challenge> Newest(PrincipalId? principal, int limit) =>
        [.. ChallengeTable.Newest(ledger.Reads, principal, limit).Select(AsOfNow)];

    private Challenge AsOfNow(Challenge challenge) => challenge.Apply(new ChallengeEvent.Tick(), clock.GetUtcNow());
}
