using Countersign.Core.Identities;
using Countersign.Server.Storage.Sqlite;

namespace Countersign.Server.People;

/// <summary>From where people come. They are told of a network that is new; the first one of all is no news.</summary>
internal sealed class KnownNetworks(Ledger ledger, INotices notices, TimeProvider clock)
{
    /// <summary>Those seen last; whoever comes back from an older one is told once more.</summary>
    private const int Kept = 100;

    /// <param name="person">Who came.</param>
    /// <param name="from">From where; what is unknown is not remembered.</param>
    /// <param name="what">What they did, as a sentence without its end: <c>Somebody signed in as you</c>.</param>
    public async Task SeenAsync(PrincipalId person, ClientAddress from, string what)
    {
        var now = clock.GetUtcNow();
        if (from == ClientAddress.Unknown || IsFresh(person, from, now))
        {
            return;
        }

        if (await ledger.WriteAsync(transaction => IsNews(transaction, person.ToString(), from.Network, now.ToUnixTimeMilliseconds())))
        {
            await notices.TellAsync(person, $"{what} from a new address: {from}.", CancellationToken.None);
        }
    }

    /// <summary>Seen within a day: then nothing is to be told or written.</summary>
    private bool IsFresh(PrincipalId person, ClientAddress from, DateTimeOffset now) => ledger.Reads.Query(
        "SELECT 1 FROM known_networks WHERE person = $1 AND network = $2 AND seen BETWEEN $3 AND $4",
        static _ => true, person.ToString(), from.Network, (now - TimeSpan.FromDays(1)).ToUnixTimeMilliseconds(), now.ToUnixTimeMilliseconds()).Count > 0;

    private static bool IsNews(LedgerTransaction transaction, string person, string network, long now)
    {
        var isFirst = transaction.QueryFirst("SELECT 1 FROM known_networks WHERE person = $1 LIMIT 1", static _ => true, person) is false;
        if (transaction.Execute("UPDATE known_networks SET seen = $3 WHERE person = $1 AND network = $2", person, network, now) == 1)
        {
            return false;
        }

        transaction.Execute("INSERT INTO known_networks (person, network, seen) VALUES ($1, $2, $3)", person, network, now);
        transaction.Execute(
            "DELETE FROM known_networks WHERE person = $1 AND network IN (SELECT network FROM known_networks WHERE person = $1 ORDER BY seen DESC LIMIT -1 OFFSET $2)",
            person, Kept);
        return !isFirst;
    }
}
