using Countersign.Core.Audit;
using Countersign.Server.Storage.Sqlite;

namespace Countersign.Server.People;

/// <summary>Records a change of people or of what they hold. Always called before the change: no record, no change.</summary>
internal sealed class AuditTrail(Ledger ledger, TimeProvider clock)
{
    public Task RecordAsync(string type, string actor, params (string Name, string Value)[] facts)
    {
        var @event = Event(type, actor, facts);
        return ledger.WriteAsync(transaction => transaction.Append(@event));
    }

    public AuditEvent Event(string type, string actor, params (string Name, string Value)[] facts)
    {
        var sorted = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in facts)
        {
            sorted[name] = value;
        }

        return new(type, clock.GetUtcNow(), actor) { Facts = sorted };
    }
}
