using Countersign.Core.Audit;
using Microsoft.Data.Sqlite;

namespace Countersign.Server.Storage.Sqlite;

/// <summary>
/// The durable half of the gateway's memory: challenges, grants, spent codes, throttle counters and the audit log, in
/// <c>ledger.db</c> (SQLite, WAL, <c>synchronous=FULL</c>). One writer thread takes whatever work is waiting, runs it in one
/// transaction and commits once (group commit): when the task of <see cref="WriteAsync{T}"/> completes, the work is on disk.
/// </summary>
internal sealed class Ledger : IAsyncDisposable
{
    /// <summary>
    /// Runs <paramref name="work"/> alone and durably. Work must be quick, synchronous and free of side effects outside the
    /// transaction: it may be run a second time when a neighbour in the same group failed.
    /// Throws <see cref="LedgerUnavailableException"/> when nothing could be recorded (disk full, read-only, disposed).
    /// </summary>
    public Task<T> WriteAsync<T>(Func<LedgerTransaction, T> work) => throw new NotImplementedException();

    /// <summary>Runs a query on a pooled read-only connection.</summary>
    public T Read<T>(Func<SqliteConnection, T> query) => throw new NotImplementedException();

    public ValueTask DisposeAsync() => throw new NotImplementedException();
}

/// <summary>One group-committed unit of work. Statements are prepared once per text and reused.</summary>
internal sealed class LedgerTransaction
{
    /// <summary>Runs one statement with parameters <c>$1..$n</c>; returns the number of rows that it changed.</summary>
    public int Execute(string sql, params ReadOnlySpan<object?> parameters) => throw new NotImplementedException();

    /// <summary>Reads the first row, or default when there is none.</summary>
    public T? QueryFirst<T>(string sql, Func<SqliteDataReader, T> read, params ReadOnlySpan<object?> parameters) => throw new NotImplementedException();

    public IReadOnlyList<T> Query<T>(string sql, Func<SqliteDataReader, T> read, params ReadOnlySpan<object?> parameters) => throw new NotImplementedException();

    /// <summary>Puts the event into the audit log in this transaction: both become durable or neither does. Returns its index (0-based).</summary>
    public long Append(AuditEvent @event) => throw new NotImplementedException();
}

/// <summary>Nothing could be recorded, so nothing may happen.</summary>
internal sealed class LedgerUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
