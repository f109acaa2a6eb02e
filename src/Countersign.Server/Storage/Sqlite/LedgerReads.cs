using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace Countersign.Server.Storage.Sqlite;

/// <summary>Read-only connections to a ledger, reused. Works whether or not a gateway is running on the file.</summary>
internal sealed class LedgerReads(LedgerFile file) : IDisposable
{
    /// <summary>Enough for two cores; a burst beyond it opens connections and closes them again.</summary>
    private const int Kept = 8;

    private readonly ConcurrentStack<LedgerConnection> idle = new();
    private volatile bool disposed;

    /// <summary>Runs a query. Throws <see cref="LedgerUnavailableException"/> when the file cannot be read.</summary>
    public T Read<T>(Func<SqliteConnection, T> query) => Use(open => query(open.Connection));

    /// <summary>Reads all rows with a statement that stays prepared, for what every command asks. Parameters are <c>$1..$n</c>.</summary>
    public List<T> Query<T>(string sql, Func<SqliteDataReader, T> read, params object?[] parameters) => Use(open =>
    {
        using var rows = open.Statement(sql, parameters).ExecuteReader();
        var found = new List<T>();
        while (rows.Read())
        {
            found.Add(read(rows));
        }

        return found;
    });

    /// <summary>
    /// Opens without writing. Without a running gateway a WAL file can be read only where SQLite may create its companions; on
    /// a read-only medium the file is complete by itself (a clean stop empties the WAL) and is taken as immutable.
    /// </summary>
    public static SqliteConnection Open(LedgerFile file)
    {
        try
        {
            return Open(file.Path);
        }
        catch (SqliteException e) when (e.SqliteErrorCode is SQLitePCL.raw.SQLITE_CANTOPEN or SQLitePCL.raw.SQLITE_READONLY
            && File.Exists(file.Path) && new FileInfo(file.Path + "-wal") is not { Exists: true, Length: > 0 })
        {
            return Open($"file:{Uri.EscapeDataString(file.Path)}?immutable=1");
        }
    }

    public void Dispose()
    {
        disposed = true;
        while (idle.TryPop(out var connection))
        {
            connection.Dispose();
        }
    }

    private T Use<T>(Func<LedgerConnection, T> query)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        LedgerConnection? connection = null;
        try
        {
            connection = idle.TryPop(out var reused) ? reused : new(Open(file));
            var answer = query(connection);
            if (idle.Count < Kept && !disposed)
            {
                idle.Push(connection);
                connection = null;
            }

            return answer;
        }
        catch (SqliteException e) when (StorageErrors.Is(e))
        {
            throw new LedgerUnavailableException($"The ledger {file.Path} cannot be read: {e.Message}", e);
        }
        finally
        {
            connection?.Dispose();
        }
    }

    private static SqliteConnection Open(string source)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = source,
            Mode = SqliteOpenMode.ReadOnly,
            Pooling = false,
            DefaultTimeout = 5,
        }.ToString());
        try
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "PRAGMA busy_timeout = 5000; PRAGMA query_only = ON; PRAGMA trusted_schema = OFF;";
            command.ExecuteNonQuery();
            // Opening is lazy: the first look at the content is what fails on a file that cannot be read.
            command.CommandText = "SELECT COUNT(*) FROM sqlite_schema";
            command.ExecuteScalar();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }
}
