using System.Globalization;
using Countersign.Core.Identities;
using Countersign.Server.Audit;
using Countersign.Server.Enforcement;
using Countersign.Server.Storage.Sqlite;

namespace Countersign.Server.Factors;

/// <summary>What failures are counted against, and how.</summary>
/// <param name="Subject">Whose failures; the same for every protocol, address and challenge.</param>
/// <param name="FreeFailures">So many failures cost no waiting.</param>
/// <param name="LockAt">So many failures lock until something stronger unlocks; null never locks.</param>
/// <param name="Quiet">After so long without a failure the count starts anew; null never.</param>
internal sealed record ThrottleRule(string Subject, int FreeFailures, int? LockAt, TimeSpan? Quiet)
{
    /// <summary>What a person knows or holds locks after so many failures.</summary>
    public const int Limit = 10;

    public const int AddressFree = 29;

    public const int PasskeysFree = 299;

    public const int DuoBeginFree = 5;

    public const int EmailSendFree = 4;

    public static readonly TimeSpan AddressQuiet = TimeSpan.FromMinutes(15);

    public static readonly TimeSpan EmailSendQuiet = TimeSpan.FromHours(1);

    /// <summary>All authenticator apps of a person together: a second app must not double the guesses.</summary>
    public static ThrottleRule Totp(PrincipalId person) => new($"totp:{person}", 2, Limit, null);

    /// <summary>Passcodes alone. A push cannot be guessed, and comes however many codes were wrong.</summary>
    public static ThrottleRule DuoPasscode(PrincipalId person) => new($"duo:{person}", 2, Limit, null);

    /// <summary>Codes that came by mail, whatever for.</summary>
    public static ThrottleRule EmailCode(PrincipalId person) => new($"email:{person}", 2, Limit, null);

    /// <summary>Asking Duo what it offers a person; each time is counted, whatever Duo says.</summary>
    public static ThrottleRule DuoBegin(PrincipalId person) => new($"duo-begin:{person}", DuoBeginFree, null, AddressQuiet);

    /// <summary>Sending codes by mail: nobody's mailbox is filled from here.</summary>
    public static ThrottleRule EmailSend(PrincipalId person) => new($"email-send:{person}", EmailSendFree, null, EmailSendQuiet);

    public static ThrottleRule Recovery(PrincipalId person) => new($"recovery:{person}", 2, Limit, null);

    /// <summary>By canonical name, so that a name that nobody has is counted, delayed and locked just the same.</summary>
    public static ThrottleRule Password(string canonicalName) => new($"password:{canonicalName}", 2, Limit, null);

    /// <summary>Behind one address there may be many people: a wider allowance that heals, and no lock.</summary>
    public static ThrottleRule Address(ClientAddress address) => new($"address:{address.Network}", AddressFree, null, AddressQuiet);

    /// <summary>
    /// A passkey cannot be guessed, and wrong passwords from its address never hold it up: this only keeps a machine that sends
    /// nonsense all day from filling the log.
    /// </summary>
    public static ThrottleRule Passkeys(ClientAddress address) => new($"passkeys:{address.Network}", PasskeysFree, null, AddressQuiet);

    /// <summary>The part of the subject that says what is tried.</summary>
    public string What => Subject[..Subject.IndexOf(':', StringComparison.Ordinal)];
}

/// <summary>Whether an attempt may be made. When it may, it has been counted as failed already.</summary>
/// <param name="Allowed">Go on and verify; then settle by <see cref="Throttles.Clear"/> or leave it counted.</param>
/// <param name="Locked">Refused until unlocked.</param>
/// <param name="RetryAt">Refused until then.</param>
/// <param name="Failures">With this attempt counted, of the first rule.</param>
internal sealed record Attempt(bool Allowed, bool Locked, DateTimeOffset? RetryAt, int Failures);

/// <summary>
/// Failed attempts, durably. An attempt is counted by the same conditional write that allows it, before anything is
/// verified: however many guesses run in parallel, on whatever surface, no more are verified than the rule allows
/// (CVE-2024-4629, CVE-2025-6015, NIST SP 800-63B-4 3.2.2). Success takes the count back.
/// </summary>
internal sealed class Throttles(Ledger ledger, TimeProvider clock)
{
    public static readonly TimeSpan LongestDelay = TimeSpan.FromMinutes(5);

    // The n-th failure beyond the free ones asks for 2^(n-1) seconds, at most five minutes, before the next attempt.
    private const string RetryAt = "last_failure + CASE WHEN failures <= $3 THEN 0 ELSE min($6, 1000 << min(failures - $3 - 1, 20)) END";

    // A last failure that lies in the future tells that the clock was set back: one attempt then goes through and is counted
    // at the new time, or everybody who ever mistyped would wait until the clock has caught up.
    private const string Count = $"""
        INSERT INTO throttles (subject, failures, last_failure) VALUES ($1, 1, $2)
        ON CONFLICT (subject) DO UPDATE SET
            failures = CASE WHEN last_failure <= $2 - $5 THEN 1 ELSE failures + 1 END,
            last_failure = $2,
            locked = CASE WHEN last_failure > $2 - $5 AND failures + 1 >= $4 THEN $2 END
        WHERE last_failure <= $2 - $5 OR (failures < $4 AND (failures <= $3 OR {RetryAt} <= $2 OR last_failure > $2 + $6))
        """;

    // Why the write above changed nothing. $2, $4 and $5 stand so that both take the same parameters.
    private const string Standing = $"""
        SELECT failures, {RetryAt}, $2, $4, $5 FROM throttles WHERE subject = $1
        """;

    private const string TakeBack = "UPDATE throttles SET failures = max(failures - 1, 0), locked = NULL WHERE subject = $1";
    private const string Remove = "DELETE FROM throttles WHERE subject = $1";

    /// <summary>Counts one attempt against every rule, or against none when one of them refuses.</summary>
    public Task<Attempt> ReserveAsync(params ThrottleRule[] rules)
    {
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        return ledger.WriteAsync(transaction => Reserve(transaction, rules, now));
    }

    /// <summary>
    /// The same for a name and its password from somewhere: refused also where too many other names failed from there. A refusal
    /// counts nothing, so that a stuffed network delays none of the people whose names are tried.
    /// </summary>
    public Task<Attempt> ReserveAsync(string name, ClientAddress from, params ThrottleRule[] rules)
    {
        var now = clock.GetUtcNow();
        return ledger.WriteAsync(transaction =>
        {
            if (RefusedNames.RetryAt(transaction, from, name, now) is { } retryAt)
            {
                Attempts.Count(transaction, rules[0].What, now, refused: 1);
                return new Attempt(false, false, retryAt, 0);
            }

            var attempt = Reserve(transaction, rules, now.ToUnixTimeMilliseconds());
            if (attempt.Allowed && RefusedNames.Count(transaction, from, name, now))
            {
                transaction.Append(new(AuditTypes.SessionLimited, now, "anonymous")
                {
                    Facts = new SortedDictionary<string, string>(StringComparer.Ordinal)
                    {
                        ["network"] = from.Network,
                        ["names"] = RefusedNames.Most.ToString(CultureInfo.InvariantCulture),
                    },
                });
            }

            return attempt;
        });
    }

    /// <summary>The attempt succeeded: the count starts anew, and it is none of those that failed.</summary>
    public void Succeeded(LedgerTransaction transaction, ThrottleRule rule)
    {
        Clear(transaction, rule);
        Attempts.Count(transaction, rule.What, clock.GetUtcNow(), failed: -1);
    }

    /// <summary>Begins the count anew.</summary>
    public static void Clear(LedgerTransaction transaction, ThrottleRule rule) => transaction.Execute(Remove, rule.Subject);

    public Task ClearAsync(params ThrottleRule[] rules) => ledger.WriteAsync(transaction =>
    {
        foreach (var rule in rules)
        {
            Clear(transaction, rule);
        }

        return true;
    });

    /// <summary>Lifts every lock of a person, and lets them be asked again.</summary>
    public Task UnlockAsync(PrincipalId person, params ThrottleRule[] rules) => ledger.WriteAsync(transaction =>
    {
        PromptLimits.Forget(transaction, person);
        DenialCoolDown.Forget(transaction, person);
        foreach (var rule in rules)
        {
            Clear(transaction, rule);
        }

        return true;
    });

    /// <summary>The attempt never came to be verified.</summary>
    public Task TakeBackAsync(ThrottleRule rule) => ledger.WriteAsync(transaction =>
    {
        Refund(transaction, rule);
        Attempts.Count(transaction, rule.What, clock.GetUtcNow(), failed: -1);
        return true;
    });

    /// <summary>Takes back this one attempt only: success of one person must not heal what others did from the same address.</summary>
    public static void Refund(LedgerTransaction transaction, ThrottleRule rule) => transaction.Execute(TakeBack, rule.Subject);

    public bool IsLocked(params ThrottleRule[] rules) => ledger.Read(connection =>
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM throttles WHERE subject = $1 AND failures >= $2";
        var subject = command.Parameters.AddWithValue("$1", "");
        var limit = command.Parameters.AddWithValue("$2", 0);
        return rules.Any(rule =>
        {
            (subject.Value, limit.Value) = (rule.Subject, rule.LockAt ?? int.MaxValue);
            return (long)command.ExecuteScalar()! > 0;
        });
    });

    private static Attempt Reserve(LedgerTransaction transaction, ThrottleRule[] rules, long now)
    {
        for (var index = 0; index < rules.Length; index++)
        {
            var rule = rules[index];
            if (transaction.Execute(Count, Parameters(rule, now)) == 1)
            {
                continue;
            }

            for (var counted = 0; counted < index; counted++)
            {
                Refund(transaction, rules[counted]);
            }

            var (failures, retryAt) = Find(transaction, rule, now);
            var locked = failures >= rule.LockAt;
            Attempts.Count(transaction, rules[0].What, DateTimeOffset.FromUnixTimeMilliseconds(now), refused: 1);
            return new(false, locked, locked ? null : DateTimeOffset.FromUnixTimeMilliseconds(retryAt), failures);
        }

        Attempts.Count(transaction, rules[0].What, DateTimeOffset.FromUnixTimeMilliseconds(now), failed: 1);
        return new(true, false, null, Find(transaction, rules[0], now).Failures);
    }

    private static (int Failures, long RetryAt) Find(LedgerTransaction transaction, ThrottleRule rule, long now) =>
        transaction.QueryFirst(Standing, static row => (row.GetInt32(0), row.GetInt64(1)), Parameters(rule, now));

    private static object?[] Parameters(ThrottleRule rule, long now) =>
    [
        rule.Subject, now, rule.FreeFailures, rule.LockAt ?? int.MaxValue,
        rule.Quiet is { } quiet ? (long)quiet.TotalMilliseconds : long.MaxValue / 4, (long)LongestDelay.TotalMilliseconds,
    ];
}
