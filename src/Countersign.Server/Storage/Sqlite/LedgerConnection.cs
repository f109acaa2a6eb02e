using System.Globalization;
using Microsoft.Data.Sqlite;

namespace Countersign.Server.Storage.Sqlite;

/// <summary>A connection and its prepared statements, used by one thread at a time. The writer's transactions are plain statements: no nesting.</summary>
internal sealed class LedgerConnection : IDisposable
{
    private const int MaxStatements = 256;
    private readonly Dictionary<string, SqliteCommand> statements = new(StringComparer.Ordinal);

    /// <summary>Takes the connection over.</summary>
    public LedgerConnection(SqliteConnection connection) => Connection = connection;

    public SqliteConnection Connection { get; }

    /// <summary>False also when SQLite has rolled back by itself, as it does after some storage errors.</summary>
    public bool InTransaction => SQLitePCL.raw.sqlite3_get_autocommit(Connection.Handle) == 0;

    public static LedgerConnection Open(LedgerFile file)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = file.Path,
            Mode = SqliteOpenMode.ReadWrite,
            Pooling = false,
            DefaultTimeout = 5,
        }.ToString());
        try
        {
            connection.Open();
            // synchronous=FULL syncs the WAL at each commit: what was acknowledged survives a power cut, not only a crash.
            // 4000 pages (16 MB) between checkpoints keep the WAL short without syncing the whole file too often.
            var limit = file.MaxPages?.ToString(CultureInfo.InvariantCulture) ?? "4294967294";
            using var command = connection.CreateCommand();
#pragma warning disable CA2100 // a number of ours; PRAGMA takes no parameters
            command.CommandText = $"""
                PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON;
                PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864; PRAGMA trusted_schema = OFF;
                PRAGMA temp_store = MEMORY; PRAGMA max_page_count = {limit};
                """;
#pragma warning restore CA2100
            command.ExecuteNonQuery();
            return new(connection);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>The prepared statement with its parameters set. The reader of an earlier use of the same text must be closed.</summary>
    public SqliteCommand Statement(string sql, ReadOnlySpan<object?> parameters)
    {
        if (!statements.TryGetValue(sql, out var command))
        {
            command = Connection.CreateCommand();
#pragma warning disable CA2100 // statements are constants of the callers; values go through parameters
            command.CommandText = sql;
#pragma warning restore CA2100
            if (statements.Count >= MaxStatements)
            {
                ForgetStatements();
            }

            statements.Add(sql, command);
        }

        for (var index = 0; index < parameters.Length; index++)
        {
            if (index == command.Parameters.Count)
            {
                command.Parameters.Add(new SqliteParameter { ParameterName = "$" + (index + 1).ToString(CultureInfo.InvariantCulture) });
            }

            command.Parameters[index].Value = parameters[index] ?? DBNull.Value;
        }

        // A text used again with fewer values would silently keep the old ones.
        while (command.Parameters.Count > parameters.Length)
        {
            command.Parameters.RemoveAt(command.Parameters.Count - 1);
        }

        return command;
    }

    public void Run(string sql) => Statement(sql, []).ExecuteNonQuery();

    public void Dispose()
    {
        ForgetStatements();
        Connection.Dispose();
    }

    private void ForgetStatements()
    {
        foreach (var command in statements.Values)
        {
            command.Dispose();
        }

        statements.Clear();
    }
}
