using Countersign.Core.Audit;
using Countersign.Server.Audit;

namespace Countersign.Server.Web;

/// <summary>One record of the audit log as the page shows it.</summary>
internal sealed record AuditLine(long Index, DateTimeOffset Time, string Type, string Actor, IReadOnlyDictionary<string, string> Facts);

/// <summary>Looks through the newest records of the audit log for the page.</summary>
internal sealed class AuditSearch(AuditLog log)
{
    /// <param name="search">Words that type, actor or a fact must contain; null for all.</param>
    /// <param name="since">Not older than this; null for all.</param>
    /// <param name="limit">At most so many, newest first.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<IReadOnlyList<AuditLine>> LastAsync(string? search, DateTimeOffset? since, int limit, CancellationToken cancellation)
    {
        var words = search?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
        var lines = new List<AuditLine>();
        await foreach (var record in log.ReadAsync(since, null, newestFirst: true, cancellation))
        {
            if (record.Event is { } @event && words.All(word => Contains(@event, word)))
            {
                lines.Add(new(record.Seq, @event.Time, @event.Type, @event.Actor, @event.Facts));
                if (lines.Count == limit)
                {
                    break;
                }
            }
        }

        return lines;
    }

    private static bool Contains(AuditEvent @event, string word) =>
        @event.Facts.Values.Append(@event.Type).Append(@event.Actor).Any(text => text.Contains(word, StringComparison.OrdinalIgnoreCase));
}
