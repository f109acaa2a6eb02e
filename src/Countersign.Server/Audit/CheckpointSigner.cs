using Countersign.Server.Storage.Sqlite;
using Microsoft.Data.Sqlite;

namespace Countersign.Server.Audit;

/// <summary>Signs the log's end and stores the signed checkpoint; an end that was signed before is not signed again.</summary>
internal sealed class CheckpointSigner(Ledger ledger, AuditKeys keys, TimeProvider clock) : IDisposable
{
    private readonly SemaphoreSlim one = new(1);

    public string PublicKeyPem => keys.Public.Pem;

    /// <summary>The signed note. Throws <see cref="LedgerUnavailableException"/> when it cannot be stored.</summary>
    public async Task<string> SignAsync()
    {
        await one.WaitAsync();
        try
        {
            var (head, last) = ledger.Read(connection => (StoredHead.Read(connection, keys.SealKey.Span), LastNote(connection)));
            if (last is not null && keys.Public.TryOpen(last, out var signed) && signed.Size == head.Size && signed.Root.AsSpan().SequenceEqual(head.Tree.Root()))
            {
                return last;
            }

            // Signed here and not on the writer thread, which must not wait for it. The log may grow meanwhile; it stays true.
            var note = keys.Sign(head);
            return await ledger.WriteAsync(transaction =>
            {
                transaction.AddCheckpoint(head.Size, clock.GetUtcNow(), note);
                return note;
            });
        }
        finally
        {
            one.Release();
        }
    }

    public void Dispose() => one.Dispose();

    private static string? LastNote(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT note FROM checkpoints ORDER BY number DESC LIMIT 1";
        return command.ExecuteScalar() as string;
    }
}
