using Countersign.Core.Challenges;
using Countersign.Server.Storage.Sqlite;

namespace Countersign.Server.Enforcement;

/// <summary>"This wasn't me", said about which requests, and not carried out yet. Written together with the denial.</summary>
internal static class PendingReports
{
    public static void Add(LedgerTransaction transaction, ChallengeId id, DateTimeOffset now) =>
        transaction.Execute("INSERT INTO reports (challenge, at) VALUES ($1, $2) ON CONFLICT DO NOTHING", id.Value, now.ToUnixTimeMilliseconds());

    public static void Remove(LedgerTransaction transaction, ChallengeId id) => transaction.Execute("DELETE FROM reports WHERE challenge = $1", id.Value);

    public static bool Contains(LedgerReads reads, ChallengeId id) => reads.Query("SELECT 1 FROM reports WHERE challenge = $1", static _ => true, id.Value).Count > 0;

    /// <summary>Oldest first.</summary>
    public static IReadOnlyList<ChallengeId> All(LedgerReads reads) => reads.Query(
        "SELECT challenge FROM reports ORDER BY at",
        static row => ChallengeId.TryParse(row.GetString(0), out var id) ? id : throw new InvalidDataException("a report names no request"));
}
