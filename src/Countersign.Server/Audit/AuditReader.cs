using System.Runtime.CompilerServices;
using Countersign.Core.Audit;
using Countersign.Server.Storage.Sqlite;
using Microsoft.Data.Sqlite;

namespace Countersign.Server.Audit;

/// <summary>Reads the log page by page: however long the reader takes, the writer can recycle its WAL between two pages.</summary>
internal sealed class AuditReader(LedgerReads reads)
{
    private const int PageSize = 500;

    /// <summary>Streams records, without verifying them.</summary>
    /// <param name="since">Only events of this time or later.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="newestFirst">From the end backwards; otherwise from the beginning.</param>
    /// <param name="before">Only records whose index is smaller.</param>
    /// <param name="cancellation">Ends the reading.</param>
    public async IAsyncEnumerable<AuditRecord> ReadAsync(
        DateTimeOffset? since, int? limit, bool newestFirst, long before = long.MaxValue, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var (from, left) = (since is { } time ? reads.Read(connection => FirstToLookAt(connection, time)) : 0, limit ?? int.MaxValue);
        while (left > 0)
        {
            cancellation.ThrowIfCancellationRequested();
            var (start, end) = (from, before);
            var page = await Task.Run(() => reads.Read(connection => Page(connection, start, end, newestFirst)), cancellation);
            foreach (var record in page)
            {
                // An unreadable record has no time; it is shown rather than hidden.
                if (since is null || record.Event is null || record.Event.Time >= since)
                {
                    yield return record;
                    if (--left == 0)
                    {
                        yield break;
                    }
                }
            }

            if (page.Count < PageSize)
            {
                yield break;
            }

            (from, before) = newestFirst ? (from, page[^1].Seq) : (page[^1].Seq + 1, before);
        }
    }

    private static List<AuditRecord> Page(SqliteConnection connection, long from, long before, bool newestFirst)
    {
        using var command = connection.CreateCommand();
        command.CommandText = newestFirst
            ? "SELECT seq, body FROM audit WHERE seq >= $from AND seq < $before ORDER BY seq DESC LIMIT $page"
            : "SELECT seq, body FROM audit WHERE seq >= $from AND seq < $before ORDER BY seq LIMIT $page";
        command.Parameters.AddWithValue("$from", from);
        command.Parameters.AddWithValue("$before", before);
        command.Parameters.AddWithValue("$page", PageSize);
        using var rows = command.ExecuteReader();
        var page = new List<AuditRecord>();
        while (rows.Read())
        {
            page.Add(AuditRecord.Of(rows.GetInt64(0), rows.GetValue(1) as byte[] ?? []));
        }

        return page;
    }

    /// <summary>
    /// Records carry no index by time. What lies before a checkpoint was recorded before it was signed, so all up to the last
    /// checkpoint that is older than <paramref name="since"/>, with no younger one before it, need not be looked at.
    /// </summary>
    private static long FirstToLookAt(SqliteConnection connection, DateTimeOffset since)
    {
        using var command = connection.CreateCommand();
        command.CommandText = """
            SELECT COALESCE(MAX(size), 0) FROM checkpoints
            WHERE number < COALESCE((SELECT MIN(number) FROM checkpoints WHERE time >= $since), 9223372036854775807)
            """;
        command.Parameters.AddWithValue("$since", since.ToUnixTimeMilliseconds());
        return (long)command.ExecuteScalar()!;
    }
}
