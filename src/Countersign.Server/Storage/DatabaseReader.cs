using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace Countersign.Server.Storage;

/// <summary>
/// Prepared statements on pooled read-only connections to <c>countersign.db</c>, for what every Git request asks: tens of
/// microseconds each, where a mapped query takes several times that. Each read sees everything committed before it began.
/// </summary>
internal sealed class DatabaseReader(GatewayOptions options, DatabaseVersion version) : IDisposable
{
    private readonly ConcurrentBag<Connection> idle = [];
    private volatile bool disposed;

    /// <summary>Reads the first row, or default when there is none. Parameters are <c>$1..$n</c>.</summary>
    public T? First<T>(string sql, Func<SqliteDataReader, T> read, params ReadOnlySpan<object?> parameters)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        var connection = idle.TryTake(out var pooled) ? pooled : new Connection(options.DatabaseFile);
        try
        {
            var result = connection.First(sql, read, parameters);
            idle.Add(connection);
            if (disposed)
            {
                Dispose();
            }

            return result;
        }
        catch
        {
            connection.Dispose(); // a connection that failed once is not trusted again
            throw;
        }
    }

    /// <summary>Keeps what <paramref name="read"/> finds until the file changes; null is not kept.</summary>
    public Remembered<TKey, TAnswer> Remember<TKey, TAnswer>(Func<TKey, TAnswer?> read)
        where TKey : notnull
        where TAnswer : class =>
        new(version, read);

    public void Dispose()
    {
        disposed = true;
        while (idle.TryTake(out var connection))
        {
            connection.Dispose();
        }
    }

    private sealed class Connection : IDisposable
    {
        private readonly SqliteConnection connection;
        private readonly Dictionary<string, SqliteCommand> prepared = [];

        public Connection(string file)
        {
            connection = new(new SqliteConnectionStringBuilder { DataSource = file, Mode = SqliteOpenMode.ReadOnly, Pooling = false }.ToString());
            connection.Open();
        }

        public T? First<T>(string sql, Func<SqliteDataReader, T> read, ReadOnlySpan<object?> parameters)
        {
            var command = Prepare(sql, parameters.Length);
            for (var index = 0; index < parameters.Length; index++)
            {
                command.Parameters[index].Value = parameters[index] ?? DBNull.Value;
            }

            using var reader = command.ExecuteReader();
            return reader.Read() ? read(reader) : default;
        }

        public void Dispose()
        {
            foreach (var command in prepared.Values)
            {
                command.Dispose();
            }

            connection.Dispose();
        }

        private SqliteCommand Prepare(string sql, int parameters)
        {
            if (prepared.TryGetValue(sql, out var command))
            {
                return command;
            }

            command = connection.CreateCommand();
            command.CommandText = sql;
            for (var number = 1; number <= parameters; number++)
            {
                command.Parameters.Add(new SqliteParameter { ParameterName = $"${number}", Value = DBNull.Value });
            }

            command.Prepare();
            return prepared[sql] = command;
        }
    }
}
