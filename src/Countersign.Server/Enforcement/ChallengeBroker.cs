using Countersign.Core.Challenges;
using Countersign.Core.Policies;
using Countersign.Server.Factors.SecurityKeySsh;

namespace Countersign.Server.Enforcement;

/// <summary>Holds a command until its challenge is settled, its hold time is over, or its client has gone.</summary>
internal sealed class ChallengeBroker(
    ChallengeOpenings openings, ChallengeRegister register, ChallengeAnnouncements announcements, ChallengeReader reader, Decider decisions,
    SecurityKeyHandshakes handshakes, Prompter prompter, CommandReports reports, HoldLimits limits)
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(1); // what timers count in; less is no waiting at all

    public async Task<Verdict> HoldAsync(IGitExchange exchange, Decision.StepUp owed, CancellationToken cancellation)
    {
        if (owed.ByHandshake)
        {
            // Approved, or another command of the connection was first: the rules say which, and then nobody is asked in vain.
            var approved = await handshakes.ApproveAsync(exchange.Request, owed);
            return new(decisions.Decide(exchange.Request, exchange.Phase), approved?.Id);
        }

        var began = limits.Clock.GetUtcNow();
        var network = exchange.Request.Client.Network;
        if (!limits.Places.TryTake(network))
        {
            return Verdict.Deny(ReasonCode.TooManyHeld);
        }

        try
        {
            var opened = await openings.OpenAsync(exchange.Request, owed, exchange.OutlivesChallenge ? exchange.HoldTime : default);
            return opened.Challenge is { } challenge
                ? await HoldAsync(exchange, challenge, began + exchange.HoldTime, cancellation)
                : Verdict.Deny(opened.Refused, retryAfter: opened.RetryAfter);
        }
        finally
        {
            limits.Places.Leave(network);
        }
    }

    private async Task<Verdict> HoldAsync(IGitExchange exchange, Challenge challenge, DateTimeOffset end, CancellationToken cancellation)
    {
        var waiter = announcements.Wait(challenge.Id);
        try
        {
            // It may have been settled between opening and waiting; from here on every change wakes us.
            if (reader.IsPending(challenge.Id))
            {
                await exchange.TellAsync(challenge, cancellation);
                if (!waiter.IsWoken)
                {
                    prompter.Begin(challenge);
                }

                await WaitAsync(exchange, waiter, end < challenge.ExpiresAt ? end : challenge.ExpiresAt, limits.Clock, cancellation);
            }
        }
        catch
        {
            // The client has gone, or nothing can be read or said: nobody must be asked for what nobody waits for.
            if (waiter.Leave())
            {
                await register.SettleAsync(challenge.Id, new ChallengeEvent.Cancelled(CancelCause.ClientLeft), "system");
            }

            throw;
        }

        var last = waiter.Leave();
        return await ConcludeAsync(exchange, challenge.Id, last);
    }

    /// <summary>
    /// Timers run on another clock than the time of day and fire up to a few milliseconds early by it. What is left at the end is
    /// waited for without a sign of life: a command that is held in silence takes none, a byte of it would spoil the answer.
    /// </summary>
    internal static async Task WaitAsync(
        IGitExchange exchange, ChallengeAnnouncements.Waiter waiter, DateTimeOffset end, TimeProvider clock, CancellationToken cancellation)
    {
        var now = clock.GetUtcNow();
        while (end > now && !waiter.IsWoken)
        {
            var (lines, more) = waiter.TakeNews();
            foreach (var line in lines)
            {
                await exchange.SayAsync(line, cancellation);
            }

            var every = exchange.KeepAliveEvery;
            var lives = every < end - now;
            var step = lives ? every!.Value : end - now;
            try
            {
                await more.WaitAsync(step < Shortest ? Shortest : step, clock, cancellation);
                now = clock.GetUtcNow();
            }
            catch (TimeoutException)
            {
                now = clock.GetUtcNow();
                if (lives && end > now)
                {
                    await exchange.KeepAliveAsync(cancellation);
                }
            }
        }
    }

    /// <summary>Spends the verdict where it is an approval, and asks the rules again: what changed during the hold counts.</summary>
    private async Task<Verdict> ConcludeAsync(IGitExchange exchange, ChallengeId id, bool last)
    {
        var challenge = await register.RedeemAsync(id, exchange.Request);
        switch (challenge?.State)
        {
            // Spent just now or by a neighbour of the same command, whose grant covers this request too, unless a push has used
            // it up. Then, or when the rules got stricter meanwhile, the answer is that a second factor is owed: to be asked anew.
            case ChallengeState.Spent or ChallengeState.Approved:
                return new(decisions.Decide(exchange.Request, exchange.Phase), id);
            case ChallengeState.Pending:
                if (last)
                {
                    await register.SettleAsync(id, new ChallengeEvent.HoldEnded(), "system");
                }

                return Verdict.Deny(ReasonCode.NotApprovedInTime, id);
            case ChallengeState.Denied { Cause: var cause }:
                if (cause is DenialCause.Reported)
                {
                    await reports.CarryOutAsync(challenge!); // also where the wait ended by itself: what asked is dead before it hears so
                }

                return Verdict.Deny(cause switch
                {
                    DenialCause.Reported => ReasonCode.PersonReported,
                    DenialCause.WrongNumbers => ReasonCode.WrongNumbers,
                    _ => ReasonCode.PersonDeclined,
                }, id);
            case ChallengeState.Cancelled { Cause: var cause }:
                return Verdict.Deny(cause switch
                {
                    CancelCause.Superseded => ReasonCode.Superseded,
                    CancelCause.Moved => ReasonCode.RepositoryMoved,
                    _ => ReasonCode.AccessEnded,
                }, id);
            default:
                return Verdict.Deny(ReasonCode.RequestExpired, id);
        }
    }
}

/// <summary>What bounds a hold: places and time.</summary>
internal sealed record HoldLimits(HoldPlaces Places, TimeProvider Clock);
