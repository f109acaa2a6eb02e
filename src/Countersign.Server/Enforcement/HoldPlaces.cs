using System.Collections.Concurrent;
using Microsoft.Extensions.Options;

namespace Countersign.Server.Enforcement;

/// <summary>How many commands may be held: in all, because each takes memory, and from one network.</summary>
internal sealed class HoldPlaces(IOptions<HoldOptions> options)
{
    private readonly ConcurrentDictionary<string, int> networks = new();
    private int total;

    public int Taken => Volatile.Read(ref total);

    /// <returns>False when no place is left; otherwise the caller gives it back with <see cref="Leave"/>.</returns>
    public bool TryTake(string network)
    {
        if (Interlocked.Increment(ref total) > options.Value.Total)
        {
            Interlocked.Decrement(ref total);
            return false;
        }

        if (networks.AddOrUpdate(network, 1, static (_, count) => count + 1) > options.Value.PerNetwork)
        {
            Leave(network);
            return false;
        }

        return true;
    }

    public void Leave(string network)
    {
        Interlocked.Decrement(ref total);
        if (networks.AddOrUpdate(network, 0, static (_, count) => count - 1) <= 0)
        {
            networks.TryRemove(new(network, 0));
        }
    }
}
