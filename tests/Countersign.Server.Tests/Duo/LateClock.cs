namespace Countersign.Server.Tests.Duo;

/// <summary>A clock that somebody sets later: the simulator is there before the gateway whose clock it shares.</summary>
internal sealed class LateClock : TimeProvider
{
    public TimeProvider Inner { get; set; } = System;

    public override long TimestampFrequency => Inner.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => Inner.GetUtcNow();

    public override long GetTimestamp() => Inner.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => Inner.CreateTimer(callback, state, dueTime, period);
}
