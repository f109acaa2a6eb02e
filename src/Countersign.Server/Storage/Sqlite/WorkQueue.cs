namespace Countersign.Server.Storage.Sqlite;

/// <summary>
/// What waits to be written. A plain lock and not a Channel: the writer takes the whole list at once, and blocking on a
/// channel would make the commits depend on a free thread of the pool.
/// </summary>
internal sealed class WorkQueue
{
    private readonly object gate = new();
    private readonly Queue<UnitOfWork> waiting = new();
    private bool closed;

    /// <returns>False once closed.</returns>
    public bool TryAdd(UnitOfWork unit)
    {
        lock (gate)
        {
            if (closed)
            {
                return false;
            }

            waiting.Enqueue(unit);
            if (waiting.Count == 1)
            {
                Monitor.Pulse(gate);
            }

            return true;
        }
    }

    /// <summary>Blocks until something waits; null once closed and empty.</summary>
    public IReadOnlyList<UnitOfWork>? Take(int most)
    {
        lock (gate)
        {
            while (waiting.Count == 0 && !closed)
            {
                Monitor.Wait(gate);
            }

            var taken = new List<UnitOfWork>(Math.Min(waiting.Count, most));
            while (taken.Count < most && waiting.TryDequeue(out var unit))
            {
                taken.Add(unit);
            }

            return taken.Count == 0 ? null : taken;
        }
    }

    /// <summary>Takes no more; what waits is still handed out.</summary>
    public void Close()
    {
        lock (gate)
        {
            closed = true;
            Monitor.PulseAll(gate);
        }
    }
}
