using System.Security.Cryptography;
using System.Text;
using Countersign.Core.Challenges;
using Countersign.Core.Policies;
using Countersign.Server.People;
using Countersign.Server.Storage.Sqlite;
using Microsoft.Extensions.Options;

namespace Countersign.Server.Enforcement;

/// <summary>
/// The one place where challenges change. Each change is one conditional write, together with its audit record; who waits is
/// told afterwards. <see cref="SettleAsync"/> is the only way to a verdict and <see cref="RedeemAsync"/> the only way to spend one.
/// </summary>
internal sealed class ChallengeRegister(
    Ledger ledger, ChallengeAnnouncements announcements, INotices notices, ChallengeNumber numbers, IOptions<HoldOptions> options, TimeProvider clock)
{
    private TimeSpan Longest => LifeOf(TimeSpan.FromSeconds(options.Value.SshSeconds));

    /// <summary>The challenge to wait for, or why there is none.</summary>
    internal readonly record struct Opened(Challenge? Challenge, ReasonCode Refused, TimeSpan? RetryAfter, bool IsNews = false);

    /// <summary>Joins the challenge that already asks for this command, or creates one.</summary>
    /// <param name="request">The command.</param>
    /// <param name="owed">What it owes.</param>
    /// <param name="hold">How long it can wait: a new challenge lives as long, at least.</param>
    public async Task<Opened> OpenAsync(CommandRequest request, Decision.StepUp owed, TimeSpan hold = default)
    {
        var now = clock.GetUtcNow();
        var changed = new List<Challenge>();
        var opened = await ledger.WriteAsync(transaction =>
        {
            changed.Clear();
            return Open(transaction, request, owed, LifeOf(hold), now, changed);
        });
        changed.ForEach(announcements.Announce);
        if (opened.IsNews)
        {
            await notices.TellAsync(
                request.PrincipalId,
                $"Commands in your name asked for your approval so often that you are not asked for a while; the last was for {request.Command.Repository} from {request.Client}. If that was not you, revoke the token or key that it used.",
                CancellationToken.None);
        }

        return opened;
    }

    /// <summary>
    /// A request whose proof is there already: created, approved and spent into its grant in one transaction, with all their
    /// records. Null, and nothing was written, when <paramref name="spend"/> finds the proof spent.
    /// </summary>
    public async Task<Challenge?> ApproveAtOnceAsync(
        CommandRequest request, Decision.StepUp owed, Func<ChallengeId, FactorProof> prove, Func<LedgerTransaction, ChallengeId, bool> spend)
    {
        var now = clock.GetUtcNow();
        var spent = await ledger.WriteAsync(transaction =>
        {
            var id = ChallengeId.From(RandomNumberGenerator.GetBytes(16));
            while (ChallengeTable.Find(transaction, id) is not null)
            {
                id = ChallengeId.From(RandomNumberGenerator.GetBytes(16));
            }

            if (!spend(transaction, id))
            {
                return null;
            }

            var pending = Create(transaction, request, owed, ChallengeKey.Of(request), id, LifeOf(default), now);
            var approved = Store(transaction, pending, new ChallengeEvent.Proven(prove(id)), request.PrincipalName, now);
            return Redeem(transaction, approved, request, now) ?? throw new InvalidOperationException("the proof does not satisfy what is owed");
        });
        if (spent is not null)
        {
            announcements.Announce(spent);
        }

        return spent;
    }

    /// <summary>Applies an event; the first durable change wins. Returns the challenge before and after; null when there is none such.</summary>
    /// <param name="id">Which.</param>
    /// <param name="event">What happened.</param>
    /// <param name="actor">By whom.</param>
    /// <param name="first">Done before anybody hears of it, whatever became of the challenge. Where it fails they hear of it all the same.</param>
    public async Task<(Challenge Before, Challenge After)?> SettleAsync(ChallengeId id, ChallengeEvent @event, string actor, Func<Challenge, Task>? first = null)
    {
        var now = clock.GetUtcNow();
        var settled = await ledger.WriteAsync(transaction =>
        {
            if (ChallengeTable.Find(transaction, id) is not { } before)
            {
                return ((Challenge, Challenge)?)null;
            }

            if (@event is ChallengeEvent.Declined { Reported: true })
            {
                PendingReports.Add(transaction, id, now); // if we are gone before it is carried out, that is the first thing after the start
            }

            return (before, Store(transaction, before, @event, actor, now));
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
                : (false, before, Store(transaction, before, new ChallengeEvent.WrongNumber(), before.PrincipalName, now));
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
            ChallengeTable.Find(transaction, id) is { } challenge ? (challenge, Redeem(transaction, challenge, request, now)) : ((Challenge?, Challenge?))default);
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
            GrantStore.EndAll(transaction, ended);
            var cause = ended.Person is null ? CancelCause.Moved : CancelCause.AccessEnded;
            changed.AddRange(ChallengeTable.OpenOf(transaction, ended.Person)
                .Where(open => (ended.CredentialId is null || open.Credential.Id == ended.CredentialId)
                    && ended.Concerns(open.Command.Repository))
                .Select(open => Store(transaction, open, new ChallengeEvent.Cancelled(cause), actor, now)));
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

    private TimeSpan LifeOf(TimeSpan hold)
    {
        var life = TimeSpan.FromSeconds(options.Value.ChallengeSeconds);
        return hold > life ? hold : life;
    }

    private Opened Open(LedgerTransaction transaction, CommandRequest request, Decision.StepUp owed, TimeSpan life, DateTimeOffset now, List<Challenge> changed)
    {
        var key = ChallengeKey.Of(request);
        var superseded = new List<Challenge>();
        foreach (var open in ChallengeTable.Open(transaction, key))
        {
            if (open.ExpiresAt <= now)
            {
                changed.Add(Store(transaction, open, new ChallengeEvent.Tick(), "system", now));
            }
            else if (ChallengeKey.IsSameOperation(open, request) && IsFor(open, request))
            {
                return new(open, default, null);
            }
            else if (open is { State: ChallengeState.Pending, CommandToken: null } && request.CommandToken is not null)
            {
                // The command was run again before anybody answered: the terminal shows a new link, so the old one goes.
                superseded.Add(open);
            }
        }

        if (DenialCoolDown.Left(transaction, key, now) is { } wait)
        {
            return new(null, ReasonCode.RecentlyDenied, wait);
        }

        if (ChallengeTable.CountPending(transaction, request.PrincipalId, now - Longest) - superseded.Count >= options.Value.PerPerson)
        {
            return new(null, ReasonCode.TooManyHeld, null);
        }

        // Before the older request goes: where nobody can be asked anew, that one can still be approved.
        if (PromptLimits.Left(transaction, request.PrincipalId, options.Value, now) is { } pause)
        {
            return new(null, ReasonCode.TooManyPrompts, pause, PromptLimits.Record(transaction, request, pause, now));
        }

        superseded.ForEach(open => changed.Add(Store(transaction, open, new ChallengeEvent.Cancelled(CancelCause.Superseded), "system", now)));
        PromptLimits.Count(transaction, request.PrincipalId, now);
        var created = Create(transaction, request, owed, key, request.CommandToken?.Id, life, now);
        changed.Add(created);
        return new(created, default, null);
    }

    /// <summary>Same command token; or the hold of before has ended, and this is the command run again after its approval.</summary>
    private static bool IsFor(Challenge open, CommandRequest request) =>
        open.CommandToken == request.CommandToken
        || open is { CommandToken: null, State: ChallengeState.Approved };

    private Challenge Create(
        LedgerTransaction transaction, CommandRequest request, Decision.StepUp owed, string key, ChallengeId? id, TimeSpan life, DateTimeOffset now)
    {
        var number = request.CommandToken?.Number ?? numbers.Draw();
        while (true)
        {
            id ??= ChallengeId.From(RandomNumberGenerator.GetBytes(16));
            var challenge = new Challenge
            {
                Id = id,
                PrincipalId = request.PrincipalId,
                PrincipalName = request.PrincipalName,
                Credential = request.Credential,
                Command = request.Command,
                Client = request.Client,
                UserAgent = request.UserAgent,
                CommandToken = request.CommandToken,
                Requirement = owed.Requirement,
                Terms = owed.Terms,
                Number = number,
                Digest = OperationDigest.Of(id, request.PrincipalId, request.Credential, request.Command),
                CreatedAt = now,
                ExpiresAt = now + life,
            };
            if (ChallengeTable.Insert(transaction, challenge, key))
            {
                transaction.Append(ChallengeAudit.Created(challenge));
                return challenge;
            }

            id = null; // taken, as when one command asks twice: the next gets a name of its own
        }
    }

    private static Challenge? Redeem(LedgerTransaction transaction, Challenge challenge, CommandRequest request, DateTimeOffset now)
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

    private static Challenge Store(LedgerTransaction transaction, Challenge before, ChallengeEvent @event, string actor, DateTimeOffset now)
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
}
