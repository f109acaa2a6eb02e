using System.Security.Cryptography;
using Countersign.Core.Challenges;
using Countersign.Core.Policies;
using Countersign.Server.People;
using Countersign.Server.Storage.Sqlite;
using Microsoft.Extensions.Options;

namespace Countersign.Server.Enforcement;

/// <summary>Where challenges begin: a command joins the one that asks for it already, gets one of its own, or may not ask now.</summary>
internal sealed class ChallengeOpenings(
    Ledger ledger, ChallengeAnnouncements announcements, INotices notices, ChallengeNumber numbers, IOptions<HoldOptions> options, TimeProvider clock)
{
    private TimeSpan Longest => LifeOf(TimeSpan.FromSeconds(options.Value.SshSeconds));

    /// <summary>Joins the challenge that already asks for this command, or creates one.</summary>
    /// <param name="request">The command.</param>
    /// <param name="owed">What it owes.</param>
    /// <param name="hold">How long it can wait: a new challenge lives as long, at least.</param>
    public async Task<OpenedChallenge> OpenAsync(CommandRequest request, Decision.StepUp owed, TimeSpan hold = default)
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
            var approved = ChallengeTransitions.Store(transaction, pending, new ChallengeEvent.Proven(prove(id)), request.PrincipalName, now);
            return ChallengeTransitions.Redeem(transaction, approved, request, now) ?? throw new InvalidOperationException("the proof does not satisfy what is owed");
        });
        if (spent is not null)
        {
            announcements.Announce(spent);
        }

        return spent;
    }

    private TimeSpan LifeOf(TimeSpan hold)
    {
        var life = TimeSpan.FromSeconds(options.Value.ChallengeSeconds);
        return hold > life ? hold : life;
    }

    private OpenedChallenge Open(LedgerTransaction transaction, CommandRequest request, Decision.StepUp owed, TimeSpan life, DateTimeOffset now, List<Challenge> changed)
    {
        var key = ChallengeKey.Of(request);
        var superseded = new List<Challenge>();
        foreach (var open in ChallengeTable.Open(transaction, key))
        {
            if (open.ExpiresAt <= now)
            {
                changed.Add(ChallengeTransitions.Store(transaction, open, new ChallengeEvent.Tick(), "system", now));
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

        superseded.ForEach(open => changed.Add(ChallengeTransitions.Store(transaction, open, new ChallengeEvent.Cancelled(CancelCause.Superseded), "system", now)));
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
}

/// <summary>The challenge to wait for, or why there is none.</summary>
internal readonly record struct OpenedChallenge(Challenge? Challenge, ReasonCode Refused, TimeSpan? RetryAfter, bool IsNews = false);
