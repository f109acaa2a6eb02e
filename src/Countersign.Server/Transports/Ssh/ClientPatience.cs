namespace Countersign.Server.Transports.Ssh;

/// <summary>
/// How long a command waits for a client that does nothing: sends nothing that is waited for, and takes nothing of what it is
/// sent. Any byte, either way, begins it anew. While nobody waits for the client, because its command is held or a server's hook
/// runs, it does not end.
/// </summary>
internal sealed class ClientPatience : IDisposable
{
    private readonly Lock gate = new();
    private readonly TimeProvider clock;
    private readonly TimeSpan hookLimit;
    private readonly Action end;
    private readonly ITimer timer;
    private TimeSpan limit;
    private long since;
    private int waiting;
    private bool isArmed;
    private bool isDisposed;

    /// <param name="clock">Tells the time.</param>
    /// <param name="limit">Of doing nothing.</param>
    /// <param name="hookLimit">The same where people's own hooks run, before the first word of a push.</param>
    /// <param name="end">Ends the command, without waiting for its end.</param>
    public ClientPatience(TimeProvider clock, TimeSpan limit, TimeSpan hookLimit, Action end)
    {
        (this.clock, this.limit, this.hookLimit, this.end) = (clock, limit, hookLimit, end);
        timer = clock.CreateTimer(static state => ((ClientPatience)state!).Look(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>It has ended: the command was told to end.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Somebody waits for the client, until <see cref="Leave"/>.</summary>
    public void Enter()
    {
        lock (gate)
        {
            if (waiting++ > 0)
            {
                return;
            }

            since = clock.GetTimestamp();
            if (!isArmed)
            {
                Arm(limit); // once in each limit, not once in each read
            }
        }
    }

    /// <param name="moved">The client did something.</param>
    public void Leave(bool moved)
    {
        lock (gate)
        {
            waiting--;
            since = moved ? clock.GetTimestamp() : since;
        }
    }

    /// <summary>Hooks run at the client's, a whole test suite perhaps, until this is disposed.</summary>
    public IDisposable ForHooks() => new Hooks(this);

    public void Dispose()
    {
        lock (gate)
        {
            isDisposed = true;
            timer.Dispose();
        }
    }

    private void Arm(TimeSpan after) => isArmed = timer.Change(after, Timeout.InfiniteTimeSpan);

    private void Look()
    {
        lock (gate)
        {
            isArmed = false;
            if (waiting == 0 || isDisposed)
            {
                return;
            }

            var left = limit - clock.GetElapsedTime(since);
            if (left > TimeSpan.Zero)
            {
                Arm(left);
                return;
            }

            IsOver = true;
            end(); // within the lock: after Dispose nothing is ended any more
        }
    }

    private void Limit(TimeSpan to)
    {
        lock (gate)
        {
            limit = to;
            since = clock.GetTimestamp();
            if (waiting > 0 || isArmed)
            {
                Arm(limit); // one that was armed for longer would look too late
            }
        }
    }

    private sealed class Hooks : IDisposable
    {
        private readonly ClientPatience patience;
        private readonly TimeSpan before;

        public Hooks(ClientPatience patience)
        {
            (this.patience, before) = (patience, patience.limit);
            patience.Limit(patience.hookLimit);
        }

        public void Dispose() => patience.Limit(before);
    }
}
