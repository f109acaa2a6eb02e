namespace Countersign.Server.Factors.DuoPush;

/// <summary>
/// Keeps commands from waiting for a Duo that does not answer: after a few failures in a row nobody asks it for a while, then
/// one question at a time finds out whether it is back.
/// </summary>
internal sealed class DuoBreaker(TimeProvider clock)
{
    public const int Failures = 5;

    public static readonly TimeSpan Rest = TimeSpan.FromSeconds(30);

    private readonly Lock gate = new();
    private int failures;
    private long since;

    public bool IsOpen
    {
        get
        {
            lock (gate)
            {
                return failures >= Failures;
            }
        }
    }

    /// <returns>False while Duo is left alone.</returns>
    public bool TryPass()
    {
        lock (gate)
        {
            if (failures < Failures)
            {
                return true;
            }

            if (clock.GetElapsedTime(since) < Rest)
            {
                return false;
            }

            since = clock.GetTimestamp(); // whoever comes next waits for what this one finds
            return true;
        }
    }

    public void Worked()
    {
        lock (gate)
        {
            failures = 0;
        }
    }

    public void Failed()
    {
        lock (gate)
        {
            failures++;
            since = clock.GetTimestamp();
        }
    }
}
