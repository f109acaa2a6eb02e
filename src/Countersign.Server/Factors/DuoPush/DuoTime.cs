namespace Countersign.Server.Factors.DuoPush;

/// <summary>What time it is at Duo, which refuses what was signed more than five minutes away from it.</summary>
internal sealed class DuoTime(TimeProvider clock)
{
    /// <summary>Clocks drift, and are corrected.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromHours(1);

    private readonly Lock gate = new();
    private (TimeSpan Offset, long At)? measured;

    /// <summary>Null when it has to be asked.</summary>
    public DateTimeOffset? Now
    {
        get
        {
            lock (gate)
            {
                return measured is var (offset, at) && clock.GetElapsedTime(at) < Fresh ? clock.GetUtcNow() + offset : null;
            }
        }
    }

    public void Forget()
    {
        lock (gate)
        {
            measured = null;
        }
    }

    /// <param name="asked">Our time before the question went out.</param>
    /// <param name="theirs">What Duo said.</param>
    public void Set(DateTimeOffset asked, DateTimeOffset theirs)
    {
        lock (gate)
        {
            var ours = clock.GetUtcNow();
            measured = (theirs - (asked + ((ours - asked) / 2)), clock.GetTimestamp());
        }
    }
}
