using System.Globalization;
using Countersign.Core.Challenges;
using Countersign.Core.Identities;
using Microsoft.Data.Sqlite;

namespace Countersign.Server.Storage.Sqlite;

/// <summary>The statements over the table <c>challenges</c>. Rules are the core's; this only keeps rows.</summary>
internal static class ChallengeTable
{
    private const string Columns = "body, version, state, token";

    public static Challenge? Find(LedgerTransaction transaction, ChallengeId id) =>
        transaction.QueryFirst($"SELECT {Columns} FROM challenges WHERE id = $1", Read, id.Value);

    /// <summary>Undecided or unspent challenges of one key, newest first.</summary>
    public static IReadOnlyList<Challenge> Open(LedgerTransaction transaction, string baseKey) =>
        transaction.Query(
            $"SELECT {Columns} FROM challenges WHERE base_key = $1 AND state IN ('Pending', 'Approved') ORDER BY created DESC", Read, baseKey);

    /// <summary>The person's undecided ones among the recent. The plus keeps SQLite from walking everybody's that are pending.</summary>
    public static int CountPending(LedgerTransaction transaction, PrincipalId principal, DateTimeOffset since) =>
        transaction.QueryFirst(
            "SELECT count(*) FROM challenges WHERE principal = $1 AND created >= $2 AND +state = 'Pending'",
            reader => reader.GetInt32(0), principal.ToString(), since.ToUnixTimeMilliseconds());

    /// <summary>The person's, or everybody's.</summary>
    public static IReadOnlyList<Challenge> OpenOf(LedgerTransaction transaction, PrincipalId? principal) => principal is { } person
        ? transaction.Query($"SELECT {Columns} FROM challenges WHERE principal = $1 AND state IN ('Pending', 'Approved')", Read, person.ToString())
        : transaction.Query($"SELECT {Columns} FROM challenges WHERE state IN ('Pending', 'Approved')", Read);

    public static IReadOnlyList<ChallengeId> Overdue(LedgerTransaction transaction, DateTimeOffset now) =>
        transaction.Query(
            "SELECT id FROM challenges WHERE state IN ('Pending', 'Approved') AND expires <= $1 LIMIT 1000", ReadId, now.ToUnixTimeMilliseconds());

    public static IReadOnlyList<ChallengeId> AllOpen(LedgerTransaction transaction) =>
        transaction.Query("SELECT id FROM challenges WHERE state IN ('Pending', 'Approved')", ReadId);

    /// <returns>False when the id is taken.</returns>
    public static bool Insert(LedgerTransaction transaction, Challenge challenge, string baseKey) =>
        transaction.Execute(
            """
            INSERT INTO challenges (id, version, principal, state, created, expires, base_key, token, body)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO NOTHING
            """,
            challenge.Id.Value, challenge.Version, challenge.PrincipalId.ToString(), challenge.State.Name,
            challenge.CreatedAt.ToUnixTimeMilliseconds(), challenge.ExpiresAt.ToUnixTimeMilliseconds(), baseKey,
            challenge.CommandToken?.ToString(), ChallengeJson.Write(challenge)) == 1;

    /// <summary>Compare-and-swap: stores <paramref name="after"/> if the row still is at <paramref name="before"/>'s version.</summary>
    public static bool Replace(LedgerTransaction transaction, Challenge before, Challenge after) =>
        transaction.Execute(
            "UPDATE challenges SET version = $1, state = $2, token = $3, body = $4 WHERE id = $5 AND version = $6",
            before.Version + 1, after.State.Name, after.CommandToken?.ToString(),
            ChallengeJson.Write(after with { Version = before.Version + 1 }), before.Id.Value, before.Version) == 1;

    public static Challenge? Find(LedgerReads reads, ChallengeId id) =>
        reads.Query($"SELECT {Columns} FROM challenges WHERE id = $1", Read, id.Value).SingleOrDefault();

    /// <summary>True while it is undecided; without reading the rest of it.</summary>
    public static bool IsPending(LedgerReads reads, ChallengeId id) =>
        reads.Query("SELECT 1 FROM challenges WHERE id = $1 AND state = 'Pending'", static _ => true, id.Value).Count > 0;

    public static IReadOnlyList<Challenge> Newest(LedgerReads reads, PrincipalId? principal, int limit) =>
        principal is { } person
            ? reads.Query($"SELECT {Columns} FROM challenges WHERE principal = $1 ORDER BY created DESC LIMIT $2", Read, person.ToString(), limit)
            : reads.Query($"SELECT {Columns} FROM challenges ORDER BY created DESC LIMIT $1", Read, limit);

    private static Challenge Read(SqliteDataReader reader) => ChallengeJson.Read(reader.GetString(0));

    private static ChallengeId ReadId(SqliteDataReader reader) =>
        ChallengeId.TryParse(reader.GetString(0), out var id)
            ? id
            : throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"challenges.id is not an id: {reader.GetString(0)}"));
}
