using System.Collections.Concurrent;

namespace Countersign.Server.Upstreams;

/// <summary>How a Git host was when it was last spoken with.</summary>
/// <param name="Reachable">Null while nobody has spoken with it since the start.</param>
/// <param name="At">When that was.</param>
/// <param name="Failure">What was wrong the last time that it was not reachable; null when it always was.</param>
/// <param name="FailedAt">When that was.</param>
internal sealed record UpstreamState(bool? Reachable, DateTimeOffset? At, string? Failure, DateTimeOffset? FailedAt)
{
    public static readonly UpstreamState Unknown = new(null, null, null, null);
}

/// <summary>The last word on each Git host since the start: from checks and from forwarded commands.</summary>
internal sealed class UpstreamStates(TimeProvider clock)
{
    private readonly ConcurrentDictionary<string, UpstreamState> states = new(StringComparer.Ordinal);

    public UpstreamState Of(string name) => states.GetValueOrDefault(name, UpstreamState.Unknown);

    public void Reached(string name)
    {
        var now = clock.GetUtcNow();
        states.AddOrUpdate(name, _ => new(true, now, null, null), (_, before) => before with { Reachable = true, At = now });
    }

    public void Failed(string name, string failure)
    {
        var now = clock.GetUtcNow();
        states[name] = new(false, now, failure, now);
    }

    public void Forget(string name) => states.TryRemove(name, out _);
}
