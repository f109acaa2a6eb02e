using Countersign.Core.Challenges;
using Countersign.Core.Identities;
using Countersign.Server.Storage.Sqlite;

namespace Countersign.Server.Enforcement;

/// <summary>
/// After a denial the same command is refused at once, for a minute at first, doubling to a quarter of an hour, until one is
/// approved: whoever has somebody's token cannot wear them down with questions.
/// </summary>
internal static class DenialCoolDown
{
    /// <summary>A command that nobody is asked about for now.</summary>
    /// <param name="Person">The id, as text.</param>
    /// <param name="About">Which command, in words.</param>
    /// <param name="Since">The last denial.</param>
    /// <param name="Times">Denials since the last approval.</param>
    internal sealed record Pause(string Person, string About, DateTimeOffset Since, DateTimeOffset Until, int Times);

    private static readonly TimeSpan First = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Max = TimeSpan.FromMinutes(15);

    public static void Remember(LedgerTransaction transaction, Challenge before, Challenge after, DateTimeOffset now)
    {
        if (before.State is not ChallengeState.Pending)
        {
            return;
        }

        var subject = Subject(ChallengeKey.Of(new(
            after.PrincipalId, after.PrincipalName, after.Credential, after.Command, after.Client, null, "")));
        if (after.State is ChallengeState.Denied)
        {
            transaction.Execute(
                """
                INSERT INTO throttles (subject, failures, last_failure, locked) VALUES ($1, 1, $2, 0)
                ON CONFLICT (subject) DO UPDATE SET failures = failures + 1, last_failure = $2
                """,
                subject, now.ToUnixTimeMilliseconds());
        }
        else if (after.State is ChallengeState.Approved)
        {
            transaction.Execute("DELETE FROM throttles WHERE subject = $1", subject);
        }
    }

    /// <summary>How long the command still is refused; null when it may be asked about.</summary>
    public static TimeSpan? Left(LedgerTransaction transaction, string challengeKey, DateTimeOffset now)
    {
        // A denial in the future tells that the clock was set back: it counts as just now.
        transaction.Execute(
            "UPDATE throttles SET last_failure = $2 WHERE subject = $1 AND last_failure > $2", Subject(challengeKey), now.ToUnixTimeMilliseconds());
        var denied = transaction.QueryFirst<(int Times, long Last)>(
            "SELECT failures, last_failure FROM throttles WHERE subject = $1", reader => (reader.GetInt32(0), reader.GetInt64(1)), Subject(challengeKey));
        if (denied.Times == 0)
        {
            return null;
        }

        var until = End(denied.Times, DateTimeOffset.FromUnixTimeMilliseconds(denied.Last));
        return until > now ? until - now : null;
    }

    /// <summary>What nobody is asked about now, the latest first.</summary>
    public static IEnumerable<Pause> Live(LedgerReads reads, DateTimeOffset now, int most) => reads.Query(
        "SELECT subject, failures, last_failure FROM throttles WHERE subject >= 'denied:' AND subject < 'denied;' AND last_failure > $1 ORDER BY last_failure DESC LIMIT $2",
        static row => (Key: row.GetString(0)["denied:".Length..].Split('|'), Times: row.GetInt32(1), At: DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(2))),
        (now - Max).ToUnixTimeMilliseconds(), most)
        .Select(row => (row.Key, row.Times, At: row.At < now ? row.At : now)) // set back: as Left has it
        .Select(row => new Pause(row.Key[0], AboutOf(row.Key), row.At, End(row.Times, row.At), row.Times))
        .Where(pause => pause.Until > now);

    /// <summary>An administrator lets the person be asked again.</summary>
    public static void Forget(LedgerTransaction transaction, PrincipalId person) =>
        transaction.Execute("DELETE FROM throttles WHERE subject >= $1 AND subject < $2", Subject($"{person}|"), Subject($"{person}}}"));

    private static DateTimeOffset End(int times, DateTimeOffset last) =>
        last + (First * Math.Pow(2, Math.Min(times - 1, 10)) is var length && length < Max ? length : Max);

    /// <param name="key">As <see cref="ChallengeKey"/> joins it: person, credential, class, repository, network.</param>
    private static string AboutOf(string[] key) => $"{(key[2] == "Read" ? "reading" : "writing to")} {key[3]} from {key[4]}";

    private static string Subject(string challengeKey) => $"denied:{challengeKey}";
}
