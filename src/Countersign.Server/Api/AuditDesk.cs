using Countersign.Core.Audit;
using Countersign.Server.Audit;

namespace Countersign.Server.Api;

/// <summary>The audit log, as the API reads it.</summary>
internal interface IAuditDesk
{
    /// <summary>Newest first.</summary>
    IAsyncEnumerable<AuditRecord> ReadAsync(DateTimeOffset? since, int limit, CancellationToken cancellation);

    Task ExportAsync(TextWriter writer, AuditFormat format, DateTimeOffset? since, CancellationToken cancellation);

    Task<string> CheckpointAsync();

    Task<AuditVerification> VerifyAsync(string? against, CancellationToken cancellation);
}

internal sealed class AuditDesk(AuditLog log, GatewayOptions options) : IAuditDesk
{
    public IAsyncEnumerable<AuditRecord> ReadAsync(DateTimeOffset? since, int limit, CancellationToken cancellation) =>
        log.ReadAsync(since, limit, newestFirst: true, cancellation);

    public Task ExportAsync(TextWriter writer, AuditFormat format, DateTimeOffset? since, CancellationToken cancellation) =>
        log.ExportAsync(writer, format, since, cancellation);

    public Task<string> CheckpointAsync() => log.CurrentCheckpointAsync();

    public Task<AuditVerification> VerifyAsync(string? against, CancellationToken cancellation) =>
        Task.Run(() => AuditVerifier.Verify(options.LedgerFile, options.KeysFolder, against), cancellation);
}
