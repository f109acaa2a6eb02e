using Countersign.Core.Challenges;
using Countersign.Server.Enforcement;

namespace Countersign.Server.Tests.Regressions;

/// <summary>
/// Hundreds of keep-alive packets went out at the end of a silent hold whose timer had fired half a millisecond before the time
/// of day was there, and Git said "invalid ls-refs response".
/// </summary>
public sealed class TimersThatFireEarlyTests
{
    [Fact]
    public async Task A_command_held_in_silence_gets_no_sign_of_life_in_its_last_moment() =>
        Assert.Equal(0, await SignsOfLifeAsync(every: null));

    [Fact]
    public async Task A_command_that_can_be_talked_to_gets_one_each_time_and_none_in_its_last_moment() =>
        Assert.Equal(2, await SignsOfLifeAsync(every: TimeSpan.FromSeconds(20)));

    private static async Task<int> SignsOfLifeAsync(TimeSpan? every)
    {
        var clock = new EarlyClock();
        var exchange = new CountingExchange(every);
        await ChallengeBroker.WaitAsync(
            exchange, new ChallengeAnnouncements().Wait(ChallengeId.From(new byte[16])), clock.GetUtcNow() + TimeSpan.FromSeconds(50), clock, TestContext.Current.CancellationToken);
        return exchange.SignsOfLife;
    }

    /// <summary>Each timer fires as soon as it is made, 0.4 ms too early by the time of day.</summary>
    private sealed class EarlyClock : TimeProvider
    {
        private DateTimeOffset now = DateTimeOffset.UnixEpoch;

        public override DateTimeOffset GetUtcNow() => now;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            now += TimeSpan.FromMilliseconds(Math.Floor(dueTime.TotalMilliseconds)) - TimeSpan.FromMilliseconds(dueTime < TimeSpan.FromMilliseconds(1) ? 0 : 0.4);
            return System.CreateTimer(callback, state, TimeSpan.Zero, period);
        }
    }

    private sealed class CountingExchange(TimeSpan? every) : IGitExchange
    {
        public int SignsOfLife { get; private set; }

        public CommandRequest Request => throw new NotSupportedException();

        public ExchangePhase Phase => ExchangePhase.Transfer;

        public TimeSpan HoldTime => TimeSpan.FromSeconds(50);

        public TimeSpan? KeepAliveEvery => every;

        public ValueTask TellAsync(Challenge challenge, CancellationToken cancellation) => throw new NotSupportedException();

        public ValueTask KeepAliveAsync(CancellationToken cancellation)
        {
            SignsOfLife++;
            return ValueTask.CompletedTask;
        }

        public Task<bool> InspectAsync(IUpstream upstream, CancellationToken cancellation) => throw new NotSupportedException();

        public Task RefuseAsync(Refused refused, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<ForwardOutcome> ForwardAsync(IUpstream upstream, CancellationToken cancellation) => throw new NotSupportedException();
    }
}
