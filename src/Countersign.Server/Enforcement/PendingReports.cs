using Countersign.Core.Challenges;
using Countersign.Server.Storage.Sqlite;

namespace Countersign.Server.Enforcement;

/// <summary>"This wasn't me", said about which requests, and whether it is carried out. Written together with the denial.</summary>
internal static class PendingReports
{
    /// <returns>False when it was said of this request before: then there is nothing more to do, and nobody to tell.</returns>
    public static bool Add(LedgerTransaction transaction, ChallengeId id, DateTimeOffset now) =>
        transaction.Execute("INSERT INTO reports (challenge, at) VALUES ($1, $2) ON CONFLICT DO NOTHING", id.Value, now.ToUnixTimeMilliseconds()) == 1;

    public static void Done(LedgerTransaction transaction, ChallengeId id) => transaction.Execute("UPDATE reports SET done = 1 WHERE challenge = $1", id.Value);

    public static bool Contains(LedgerReads reads, ChallengeId id) => reads.Query("SELECT 1 FROM reports WHERE challenge = $1 AND done = 0", static _ => true, id.Value).Count > 0;

    /// <summary>Not carried out yet, oldest first.</summary>
    public static IReadOnlyList<ChallengeId> All(LedgerReads reads) => reads.Query(
        "SELECT challenge FROM reports WHERE done = 0 ORDER BY at",
        static row => ChallengeId.TryParse(row.GetString(0), out var id) ? id : throw new InvalidDataException("a report names no request"));
}
