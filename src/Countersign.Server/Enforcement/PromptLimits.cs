using System.Globalization;
using Countersign.Core.Identities;
using Countersign.Server.Audit;
using Countersign.Server.Factors;
using Countersign.Server.Storage.Sqlite;

namespace Countersign.Server.Enforcement;

/// <summary>
/// How often one person is asked, over all transports, credentials and addresses, since they last approved something: whoever
/// has somebody's token cannot tire them into a yes. A request is counted by the transaction that creates it, so that however
/// many come at once, no more prompt than the limits allow. What is refused is audited once until somebody is asked again.
/// </summary>
internal static class PromptLimits
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    /// <summary>How long nobody asks this person; null when they may be asked now.</summary>
    public static TimeSpan? Left(LedgerTransaction transaction, PrincipalId person, HoldOptions limits, DateTimeOffset now)
    {
        // What lies in the future tells that the clock was set back. It counts as just now, or the person would wait until the
        // clock has caught up.
        transaction.Execute("UPDATE prompts SET at = $2 WHERE person = $1 AND at > $2", person.ToString(), now.ToUnixTimeMilliseconds());
        var longest = Max(Left(limits.PromptsPerMinute, Minute), Left(limits.PromptsPerHour, Hour));
        return longest > TimeSpan.Zero ? longest : null;

        // The newest so many fill the window until the oldest of them leaves it.
        TimeSpan Left(int most, TimeSpan window) =>
            transaction.QueryFirst<long?>(
                "SELECT at FROM prompts WHERE person = $1 ORDER BY at DESC LIMIT 1 OFFSET $2", row => row.GetInt64(0), person.ToString(), most - 1) is { } at
                ? DateTimeOffset.FromUnixTimeMilliseconds(at) + window - now
                : TimeSpan.Zero;
    }

    /// <summary>The person is asked now.</summary>
    public static void Count(LedgerTransaction transaction, PrincipalId person, DateTimeOffset now)
    {
        transaction.Execute("DELETE FROM prompts WHERE person = $1 AND at <= $2", person.ToString(), (now - Hour).ToUnixTimeMilliseconds());
        transaction.Execute("INSERT INTO prompts (person, at) VALUES ($1, $2)", person.ToString(), now.ToUnixTimeMilliseconds());
    }

    /// <summary>The person has approved, or has said that it wasn't them, or was unlocked: the count starts anew.</summary>
    public static void Forget(LedgerTransaction transaction, PrincipalId person) =>
        transaction.Execute("DELETE FROM prompts WHERE person = $1", person.ToString());

    /// <summary>Records that a command was refused without asking; false when that was recorded since the person was last asked.</summary>
    public static bool Record(LedgerTransaction transaction, CommandRequest request, TimeSpan wait, DateTimeOffset now) => Record(
        transaction, request.PrincipalId, request.PrincipalName, wait, now,
        ("credential", request.Credential.Id), ("service", request.Command.Service.ToString()), ("repository", request.Command.Repository.ToString()), ("client", request.Client.ToString()));

    /// <summary>The same for whatever wanted to ask.</summary>
    public static bool Record(
        LedgerTransaction transaction, PrincipalId person, string name, TimeSpan wait, DateTimeOffset now, params ReadOnlySpan<(string Name, string Value)> what)
    {
        Attempts.Count(transaction, "prompt", now, refused: 1);
        if (transaction.Execute("UPDATE prompts SET recorded = 1 WHERE person = $1 AND recorded = 0", person.ToString()) is 0)
        {
            return false;
        }

        var facts = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["person"] = person.ToString(),
            ["again_at"] = (now + wait).ToString("O", CultureInfo.InvariantCulture),
        };
        foreach (var (fact, value) in what)
        {
            facts[fact] = value;
        }

        transaction.Append(new(AuditTypes.ChallengeLimited, now, name) { Facts = facts });
        return true;
    }

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
