using Countersign.Core.Identities;
using Countersign.Server.Storage.Sqlite;

namespace Countersign.Server.People;

/// <summary>From where people come. They are told of a network that is new; the first one of all is no news.</summary>
internal sealed class KnownNetworks(Ledger ledger, INotices notices, TimeProvider clock) : IDisposable
{
    /// <summary>Those seen last; whoever comes back from an older one is told once more.</summary>
    private const int Kept = 100;

    // One at a time: of two who come at once from the same new network, the second finds it known.
    private readonly SemaphoreSlim judging = new(1, 1);

    /// <param name="person">Who came.</param>
    /// <param name="from">From where; what is unknown is not remembered.</param>
    /// <param name="what">What they did, as a sentence without its end: <c>Somebody signed in as you</c>.</param>
    public async Task SeenAsync(PrincipalId person, ClientAddress from, string what)
    {
        if (from == ClientAddress.Unknown || IsFresh(person, from))
        {
            return;
        }

        await judging.WaitAsync();
        try
        {
            if (IsNews(person, from))
            {
                // Told before it is known: after a crash between the two it is told again, never not at all.
                await notices.TellAsync(person, $"{what} from a new address: {from}.", CancellationToken.None);
            }

            await ledger.WriteAsync(transaction => Remember(transaction, person.ToString(), from.Network));
        }
        finally
        {
            judging.Release();
        }
    }

    public void Dispose() => judging.Dispose();

    /// <summary>Seen within a day: then nothing is to be told or written.</summary>
    private bool IsFresh(PrincipalId person, ClientAddress from) => ledger.Reads.Query(
        "SELECT 1 FROM known_networks WHERE person = $1 AND network = $2 AND seen BETWEEN $3 AND $4",
        static _ => true, person.ToString(), from.Network, Now - (long)TimeSpan.FromDays(1).TotalMilliseconds, Now).Count > 0;

    private bool IsNews(PrincipalId person, ClientAddress from) => ledger.Reads.Query(
        "SELECT max(network = $2) FROM known_networks WHERE person = $1 HAVING count(*) > 0",
        static row => row.GetInt32(0) == 0, person.ToString(), from.Network) is [true];

    private int Remember(LedgerTransaction transaction, string person, string network)
    {
        transaction.Execute(
            "INSERT INTO known_networks (person, network, seen) VALUES ($1, $2, $3) ON CONFLICT (person, network) DO UPDATE SET seen = excluded.seen", person, network, Now);
        return transaction.Execute(
            "DELETE FROM known_networks WHERE person = $1 AND network IN (SELECT network FROM known_networks WHERE person = $1 ORDER BY seen DESC LIMIT -1 OFFSET $2)",
            person, Kept);
    }

    private long Now => clock.GetUtcNow().ToUnixTimeMilliseconds();
}
