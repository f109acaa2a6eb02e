using Countersign.Core.Challenges;
using Countersign.Server.Storage.Sqlite;

namespace Countersign.Server.Enforcement;

/// <summary>
/// After a denial the same command is refused at once, for a minute at first, doubling to a quarter of an hour, until one is
/// approved: whoever has somebody's token cannot wear them down with questions.
/// </summary>
internal static class DenialCoolDown
{
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

        var length = First * Math.Pow(2, Math.Min(denied.Times - 1, 10));
        var until = DateTimeOffset.FromUnixTimeMilliseconds(denied.Last) + (length < Max ? length : Max);
        return until > now ? until - now : null;
    }

    private static string Subject(string challengeKey) => $"denied:{challengeKey}";
}
