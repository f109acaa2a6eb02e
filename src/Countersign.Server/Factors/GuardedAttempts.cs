using Countersign.Core.Challenges;
using Countersign.Core.Identities;
using Countersign.Server.Audit;
using Countersign.Server.Enforcement;
using Countersign.Server.People;
using Countersign.Server.Storage.Sqlite;

namespace Countersign.Server.Factors;

/// <summary>Spends what a right code uses up, durably and together with clearing the count; false when it was spent before.</summary>
internal delegate Task<bool> Settlement(Func<LedgerTransaction, bool> spend);

/// <summary>
/// Runs one guess at a code: reserves it against the throttle, verifies, and on success spends the code and clears the
/// count in one transaction. What fails stays counted and is audited; the tenth failure locks and tells the person.
/// </summary>
internal sealed class GuardedAttempts(Throttles throttles, Ledger ledger, AuditTrail audit, INotices notices)
{
    /// <param name="principal">Whose factor.</param>
    /// <param name="kind">Which, for the audit log.</param>
    /// <param name="rule">What failures count against.</param>
    /// <param name="purpose">What for, for the audit log.</param>
    /// <param name="verify">Finds what the code proves, and settles it; null when it proves nothing.</param>
    public async Task<FactorResult> RunAsync(
        Principal principal, FactorKind kind, ThrottleRule rule, ProofPurpose purpose, Func<Settlement, Task<Proven?>> verify)
    {
        var attempt = await throttles.ReserveAsync(rule);
        if (!attempt.Allowed)
        {
            return attempt.Locked ? new(FactorFailure.Locked) : new(FactorFailure.Delayed, RetryAt: attempt.RetryAt);
        }

        Proven? proven;
        try
        {
            proven = await verify(spend => ledger.WriteAsync(transaction =>
            {
                var spent = spend(transaction);
                if (spent)
                {
                    throttles.Succeeded(transaction, rule);
                }

                return spent;
            }));
        }
        catch (FactorUnavailableException)
        {
            await throttles.TakeBackAsync(rule);
            return new(FactorFailure.Unavailable);
        }

        if (proven is not null)
        {
            return new(FactorFailure.None, proven);
        }

        await FailedAsync(principal, kind, purpose, attempt.Failures, attempt.Failures >= rule.LockAt);
        return new(FactorFailure.Refused);
    }

    private async Task FailedAsync(Principal principal, FactorKind kind, ProofPurpose purpose, int failures, bool locks)
    {
        await audit.RecordAsync(
            locks ? AuditTypes.FactorLocked : AuditTypes.FactorFailed,
            principal.Name,
            ("person_id", principal.Id.ToString()),
            ("factor", kind.ToString()),
            ("purpose", purpose.Purpose),
            ("subject", purpose.Subject),
            ("failures", failures.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        if (locks)
        {
            var what = kind switch
            {
                FactorKind.Totp => "authenticator app was",
                FactorKind.DuoPush => "Duo passcodes were",
                FactorKind.EmailApproval => "codes by email were",
                _ => "recovery codes were",
            };
            var count = failures.ToString(System.Globalization.CultureInfo.InvariantCulture);
            await notices.TellAsync(principal.Id, News.Of(AuditTypes.FactorLocked, ("factor", what), ("failures", count)), CancellationToken.None);
        }
    }
}
