using Countersign.Core.Audit;
using Countersign.Server.Storage.Sqlite;

namespace Countersign.Server.Audit;

/// <summary>The audit log of a running gateway. What must be one with another change is appended by <see cref="LedgerTransaction.Append"/> instead.</summary>
internal sealed class AuditLog(Ledger ledger, CheckpointSigner signer)
{
    private readonly AuditReader reader = new(ledger.Reads);

    /// <summary>Durable when the task completes; answers the record's index. Throws <see cref="LedgerUnavailableException"/>: then nothing may happen.</summary>
    public Task<long> AppendAsync(AuditEvent @event) => ledger.WriteAsync(transaction => transaction.Append(@event));

    /// <inheritdoc cref="AuditReader.ReadAsync"/>
    public IAsyncEnumerable<AuditRecord> ReadAsync(DateTimeOffset? since, int? limit, bool newestFirst, CancellationToken cancellation = default)
        => reader.ReadAsync(since, limit, newestFirst, cancellation: cancellation);

    /// <inheritdoc cref="AuditExport.WriteAsync"/>
    public async Task ExportAsync(TextWriter writer, AuditFormat format, DateTimeOffset? since, CancellationToken cancellation = default)
        => await AuditExport.WriteAsync(reader, await signer.SignAsync(), writer, format, since, cancellation);

    /// <summary>A signed checkpoint over all that is in the log now. Keep it elsewhere: `audit verify --against` proves later that nothing of it was changed.</summary>
    public Task<string> CurrentCheckpointAsync() => signer.SignAsync();

    /// <summary>The key that checkpoints are verified with.</summary>
    public string PublicKeyPem => signer.PublicKeyPem;
}
