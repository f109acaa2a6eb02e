using Microsoft.Data.Sqlite;

namespace Countersign.Server.Audit;

/// <summary>A signed checkpoint as the ledger keeps it; not verified.</summary>
internal sealed record StoredCheckpoint(long Number, long Size, string Note)
{
    /// <summary>Streams all, in the order in which they were signed. What is not even of the right type reads as unsigned.</summary>
    public static IEnumerable<StoredCheckpoint> ReadAll(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT number, size, note FROM checkpoints ORDER BY number";
        using var rows = command.ExecuteReader();
        while (rows.Read())
        {
            yield return new(rows.GetInt64(0), rows.GetValue(1) as long? ?? -1, rows.GetValue(2) as string ?? "");
        }
    }
}
