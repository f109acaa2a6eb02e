using Countersign.Core.Challenges;
using Countersign.Server.Storage.Sqlite;

namespace Countersign.Server.Enforcement;

/// <summary>One change of a challenge within a transaction, with its record and all that follows from it.</summary>
internal static class ChallengeTransitions
{
    public static Challenge Store(LedgerTransaction transaction, Challenge before, ChallengeEvent @event, string actor, DateTimeOffset now)
    {
        var after = before.Apply(@event, now);
        if (after == before)
        {
            return before;
        }

        if (!ChallengeTable.Replace(transaction, before, after))
        {
            throw new InvalidOperationException("a challenge changed within one transaction");
        }

        if (ChallengeAudit.Changed(before, after, @event, actor, now) is { } record)
        {
            transaction.Append(record);
        }

        DenialCoolDown.Remember(transaction, before, after, now);
        if (before.State is ChallengeState.Pending && after.State is ChallengeState.Approved or ChallengeState.Denied { Cause: DenialCause.Reported })
        {
            PromptLimits.Forget(transaction, after.PrincipalId); // they are there, and what asked in their name without them is gone
        }

        return after with { Version = before.Version + 1 };
    }

    /// <summary>Spends an approval into a grant; null, and nothing was written, when it is not this request's to spend.</summary>
    public static Challenge? Redeem(LedgerTransaction transaction, Challenge challenge, CommandRequest request, DateTimeOffset now)
    {
        if (!ChallengeKey.IsSameOperation(challenge, request)
            || request.Client.Network != challenge.Client.Network
            || challenge.State is not ChallengeState.Approved { Proof: var proof })
        {
            return null;
        }

        var after = Store(transaction, challenge, new ChallengeEvent.Redeemed(), challenge.PrincipalName, now);
        if (after.State is not ChallengeState.Spent)
        {
            return null;
        }

        GrantStore.Insert(transaction, challenge, proof, request.CommandToken ?? request.PushKey, now);
        return after;
    }
}
