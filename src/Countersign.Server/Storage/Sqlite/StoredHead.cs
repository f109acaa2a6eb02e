using System.Security.Cryptography;
using Countersign.Core.Audit;
using Microsoft.Data.Sqlite;

namespace Countersign.Server.Storage.Sqlite;

/// <summary>The one row in which the audit log's head is kept, with its MAC.</summary>
internal static class StoredHead
{
    private const string Columns = "SELECT size, seal, tree, checkpoints, mac FROM head WHERE id = 1";

    public static void Write(LedgerTransaction transaction, AuditHead head, ReadOnlySpan<byte> sealKey)
        => transaction.Execute(
            "INSERT OR REPLACE INTO head (id, size, seal, tree, checkpoints, mac) VALUES (1, $1, $2, $3, $4, $5)",
            head.Size, head.Seal, head.Tree.ToBytes(), head.Checkpoints, head.Mac(sealKey));

    /// <summary>Throws <see cref="BrokenSealException"/> when the row is missing or was not written with this key.</summary>
    public static AuditHead Read(SqliteConnection connection, ReadOnlySpan<byte> sealKey)
        => TryRead(connection, sealKey) ?? throw new BrokenSealException(connection.DataSource);

    /// <summary>The same with a statement that stays prepared; each group of writes begins with it.</summary>
    public static AuditHead Read(LedgerConnection connection, ReadOnlySpan<byte> sealKey)
    {
        using var row = connection.Statement(Columns, []).ExecuteReader();
        return Read(row, sealKey) ?? throw new BrokenSealException(connection.Connection.DataSource);
    }

    /// <returns>Null when the row is missing or was not written with this key.</returns>
    public static AuditHead? TryRead(SqliteConnection connection, ReadOnlySpan<byte> sealKey)
    {
        using var command = connection.CreateCommand();
        command.CommandText = Columns;
        using var row = command.ExecuteReader();
        return Read(row, sealKey);
    }

    private static AuditHead? Read(SqliteDataReader row, ReadOnlySpan<byte> sealKey)
    {
        if (!row.Read()
            || row.GetValue(0) is not long size
            || row.GetValue(1) is not byte[] seal
            || row.GetValue(2) is not byte[] tree
            || row.GetValue(3) is not long checkpoints
            || row.GetValue(4) is not byte[] mac
            || MerkleFrontier.From(size, tree) is not { } frontier)
        {
            return null;
        }

        var head = new AuditHead(frontier, seal, checkpoints);
        return CryptographicOperations.FixedTimeEquals(mac, head.Mac(sealKey)) ? head : null;
    }
}
