using System.Security.Cryptography;
using System.Text;
using Countersign.Core.Challenges;
using Countersign.Server.People;
using Countersign.Server.Storage.Sqlite;

namespace Countersign.Server.Enforcement;

/// <summary>
/// The one place where challenges change once they are open (<see cref="ChallengeOpenings"/>). Each change is one conditional write,
/// together with its audit record; who waits is told afterwards. <see cref="SettleAsync"/> is the only way to a verdict and
/// <see cref="RedeemAsync"/> the only way to spend one.
/// </summary>
internal sealed class ChallengeRegister(Ledger ledger, ChallengeAnnouncements announcements, INotices notices, TimeProvider clock)
{
    /// <summary>Applies an event; the first durable change wins. Returns the challenge before and after; null when there is none such.</summary>
    /// <param name="id">Which.</param>
    /// <param name="event">What happened.</param>
    /// <param name="actor">By whom.</param>
    /// <param name="first">Done before anybody hears of it, whatever became of the challenge. Where it fails they hear of it all the same.</param>
    public async Task<(Challenge Before, Challenge After)?> SettleAsync(ChallengeId id, ChallengeEvent @event, string actor, Func<Challenge, Task>? first = null)
    {
        var now = clock.GetUtcNow();
        var ended = new List<Challenge>();
        var settled = await ledger.WriteAsync(transaction =>
        {
            ended.Clear();
            if (ChallengeTable.Find(transaction, id) is not { } before)
            {
                return ((Challenge, Challenge)?)null;
            }

            var after = ChallengeTransitions.Store(transaction, before, @event, actor, now);
            if (@event is ChallengeEvent.Declined { Reported: true } declined)
            {
                Report(transaction, before, after, declined, actor, now, ended);
            }

            return (before, after);
        });
        if (settled is not var (old, after))
        {
            return null;
        }

        try
        {
            await (first?.Invoke(after) ?? Task.CompletedTask);
        }
        finally
        {
            if (!ReferenceEquals(old, after))
            {
                announcements.Announce(after);
            }

            ended.ForEach(announcements.Announce);
        }

        return settled;
    }

    /// <summary>
    /// Holds a typed number against the challenge as it stands, and counts a wrong one, in one transaction: however many guess at
    /// once, none is compared after the third wrong one. Null when there is no such challenge.
    /// </summary>
    /// <returns>Right or wrong, or null where it was not compared: the challenge is settled.</returns>
    public async Task<(bool? Right, Challenge After)?> CheckNumberAsync(ChallengeId id, string number)
    {
        var now = clock.GetUtcNow();
        var compared = await ledger.WriteAsync(transaction =>
        {
            if (ChallengeTable.Find(transaction, id) is not { } before)
            {
                return ((bool?, Challenge, Challenge)?)null;
            }

            var current = before.Apply(new ChallengeEvent.Tick(), now);
            if (current.State is not ChallengeState.Pending)
            {
                return (null, before, before);
            }

            return CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(number), Encoding.UTF8.GetBytes(before.Number))
                ? (true, before, before)
                : (false, before, ChallengeTransitions.Store(transaction, before, new ChallengeEvent.WrongNumber(), before.PrincipalName, now));
        });
        if (compared is not var (right, old, after))
        {
            return null;
        }

        if (!ReferenceEquals(old, after))
        {
            announcements.Announce(after);
        }

        if (right is false && after.State is ChallengeState.Denied { Cause: DenialCause.WrongNumbers })
        {
            await notices.TellAsync(
                after.PrincipalId,
                $"Somebody typed three wrong numbers for request {after.Id} ({after.Command.Repository}, from {after.Client}), so it was denied. If that was not you, end the sessions that you do not know and change your password.",
                CancellationToken.None);
        }

        return (right, after.Apply(new ChallengeEvent.Tick(), now));
    }

    /// <summary>
    /// Spends an approval into a grant for the request's command, if it is approved, unspent and for exactly this operation.
    /// Returns the challenge as it then stands; null when there is none such.
    /// </summary>
    public async Task<Challenge?> RedeemAsync(ChallengeId id, CommandRequest request)
    {
        var now = clock.GetUtcNow();
        var (found, spent) = await ledger.WriteAsync(transaction =>
            ChallengeTable.Find(transaction, id) is { } challenge ? (challenge, ChallengeTransitions.Redeem(transaction, challenge, request, now)) : ((Challenge?, Challenge?))default);
        if (spent is not null)
        {
            announcements.Announce(spent);
        }

        return spent ?? found?.Apply(new ChallengeEvent.Tick(), now);
    }

    /// <summary>Ends what is open of a person or of everybody, of one credential or in one workspace, and their grants.</summary>
    public async Task EndAccessAsync(AccessEnded ended, string actor)
    {
        var now = clock.GetUtcNow();
        var changed = new List<Challenge>();
        await ledger.WriteAsync(transaction =>
        {
            changed.Clear();
            End(transaction, ended, actor, now, changed);
            return changed.Count;
        });
        changed.ForEach(announcements.Announce);
    }

    /// <summary>Marks what is overdue as expired.</summary>
    public async Task ExpireAsync()
    {
        foreach (var id in await ledger.WriteAsync(transaction => ChallengeTable.Overdue(transaction, clock.GetUtcNow())))
        {
            await SettleAsync(id, new ChallengeEvent.Tick(), "system");
        }
    }

    /// <summary>After a start: no command of before waits any more, but who repeats it finds its verdict.</summary>
    public async Task ReleaseHoldsOfBeforeAsync()
    {
        foreach (var id in await ledger.WriteAsync(ChallengeTable.AllOpen))
        {
            await SettleAsync(id, new ChallengeEvent.HoldEnded(), "system");
        }
    }

    /// <summary>
    /// What somebody else has in the person's name ends with the words themselves, approvals that nobody has spent yet included; only
    /// what other files hold is left to be carried out, if need be after the next start.
    /// </summary>
    private static void Report(
        LedgerTransaction transaction, Challenge before, Challenge after, ChallengeEvent.Declined declined, string actor, DateTimeOffset now, List<Challenge> ended)
    {
        if (!PendingReports.Add(transaction, before.Id, now))
        {
            return;
        }

        if (after.State is not ChallengeState.Denied { Cause: DenialCause.Reported })
        {
            transaction.Append(ChallengeAudit.Reported(before, declined.Remote, actor, now)); // its denial is the record where there is one
        }

        End(transaction, new(before.PrincipalId, null), actor, now, ended);
    }

    private static void End(LedgerTransaction transaction, AccessEnded over, string actor, DateTimeOffset now, List<Challenge> changed)
    {
        GrantStore.EndAll(transaction, over);
        var cause = over.Person is null ? CancelCause.Moved : CancelCause.AccessEnded;
        changed.AddRange(ChallengeTable.OpenOf(transaction, over.Person)
            .Where(open => (over.CredentialId is null || open.Credential.Id == over.CredentialId) && over.Concerns(open.Command.Repository))
            .Select(open => ChallengeTransitions.Store(transaction, open, new ChallengeEvent.Cancelled(cause), actor, now)));
    }
}
