namespace Countersign.Server.Audit;

internal static class AuditServices
{
    /// <summary>The audit log over the ledger, its keys, and the checkpoints of a running gateway. Register first: hosted services stop in reverse order, and the last checkpoint covers everything.</summary>
    public static IServiceCollection AddAudit(this IServiceCollection services)
        => services
            .AddSingleton(provider => OpenKeys(provider.GetRequiredService<GatewayOptions>()))
            .AddSingleton<CheckpointSigner>()
            .AddSingleton<AuditLog>()
            .AddHostedService<Checkpointer>();

    /// <summary>Keys are made together with the ledger only: beside an old ledger, missing keys are an error.</summary>
    private static AuditKeys OpenKeys(GatewayOptions options)
        => new FileInfo(options.LedgerFile) is { Exists: true, Length: > 0 } ? AuditKeys.Load(options.KeysFolder) : AuditKeys.LoadOrCreate(options.KeysFolder);
}
