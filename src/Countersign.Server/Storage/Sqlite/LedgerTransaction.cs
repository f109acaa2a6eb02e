using Countersign.Core.Audit;
using Countersign.Core.Identities;
using Microsoft.Data.Sqlite;

namespace Countersign.Server.Storage.Sqlite;

/// <summary>One group-committed unit of work. Statements are prepared once per text and reused.</summary>
internal sealed class LedgerTransaction
{
    private readonly LedgerConnection connection;
    private readonly ReadOnlyMemory<byte> sealKey;
    private AuditHead? head;
    private long firstSize;
    private bool closed;

    internal LedgerTransaction(LedgerConnection connection, ReadOnlyMemory<byte> sealKey)
        => (this.connection, this.sealKey) = (connection, sealKey);

    /// <summary>The head of the audit log with what this transaction has added; null while nothing was.</summary>
    internal AuditHead? ChangedHead { get; private set; }

    /// <summary>The size of the audit log when this transaction added records to it.</summary>
    internal long? NewSize => ChangedHead?.Size > firstSize ? ChangedHead.Size : null;

    /// <summary>Whose grants this transaction has changed.</summary>
    internal HashSet<PrincipalId> GrantsChanged { get; } = [];

    /// <summary>Runs one statement with parameters <c>$1..$n</c>; returns the number of rows that it changed.</summary>
    public int Execute(string sql, params ReadOnlySpan<object?> parameters) => Prepare(sql, parameters).ExecuteNonQuery();

    /// <summary>Reads the first row, or default when there is none.</summary>
    public T? QueryFirst<T>(string sql, Func<SqliteDataReader, T> read, params ReadOnlySpan<object?> parameters)
    {
        using var rows = Prepare(sql, parameters).ExecuteReader();
        return rows.Read() ? read(rows) : default;
    }

    public IReadOnlyList<T> Query<T>(string sql, Func<SqliteDataReader, T> read, params ReadOnlySpan<object?> parameters)
    {
        using var rows = Prepare(sql, parameters).ExecuteReader();
        var found = new List<T>();
        while (rows.Read())
        {
            found.Add(read(rows));
        }

        return found;
    }

    /// <summary>Says that grants of this person are not what they were.</summary>
    public void ChangedGrantsOf(PrincipalId person) => GrantsChanged.Add(person);

    /// <summary>Puts the event into the audit log in this transaction: both become durable or neither does. Returns its index (0-based).</summary>
    public long Append(AuditEvent @event) => AppendPrepared(AuditBody.Prepare(@event));

    /// <summary>The same for what was prepared before, so that the one thread that writes has less to do.</summary>
    public long AppendPrepared(PreparedRecord record)
    {
        var (before, body) = (Head, record.At(Head.Size));
        var after = before.Append(sealKey.Span, body);
        try
        {
            Execute("INSERT INTO audit (seq, body, seal) VALUES ($1, $2, $3)", before.Size, body, after.Seal);
        }
        catch (SqliteException e) when (e.SqliteErrorCode == SQLitePCL.raw.SQLITE_CONSTRAINT)
        {
            // Somebody else wrote a record where ours belongs. Overwriting it would destroy evidence.
            throw new LedgerUnavailableException($"Record {before.Size} of the audit log was written by another program: run `audit verify`.", e);
        }

        (head, ChangedHead) = (after, after);
        return before.Size;
    }

    /// <summary>Stores a signed checkpoint and counts it in the head, so that a deleted one is missed.</summary>
    internal void AddCheckpoint(long size, DateTimeOffset time, string note)
    {
        var before = Head;
        Execute(
            "INSERT INTO checkpoints (number, size, time, note) VALUES ($1, $2, $3, $4)",
            before.Checkpoints, size, time.ToUnixTimeMilliseconds(), note);
        head = ChangedHead = before with { Checkpoints = before.Checkpoints + 1 };
    }

    /// <summary>Writes the head, the last statement before COMMIT.</summary>
    internal void WriteHead()
    {
        if (ChangedHead is { } changed)
        {
            StoredHead.Write(this, changed, sealKey.Span);
        }
    }

    /// <summary>Where a unit can be taken back to, together with ROLLBACK TO.</summary>
    internal (AuditHead? Head, AuditHead? Changed) Mark() => (head, ChangedHead);

    internal void Return((AuditHead? Head, AuditHead? Changed) mark) => (head, ChangedHead) = mark;

    /// <summary>A unit that kept its transaction must not write into somebody else's.</summary>
    internal void Close() => closed = true;

    /// <summary>Read anew from disk in each transaction: what a failed commit leaves in memory can never be wrong.</summary>
    private AuditHead Head
    {
        get
        {
            if (head is null)
            {
                head = StoredHead.Read(connection, sealKey.Span);
                firstSize = head.Size;
            }

            return head;
        }
    }

    private SqliteCommand Prepare(string sql, ReadOnlySpan<object?> parameters)
    {
        ObjectDisposedException.ThrowIf(closed, this);
        return connection.Statement(sql, parameters);
    }
}
