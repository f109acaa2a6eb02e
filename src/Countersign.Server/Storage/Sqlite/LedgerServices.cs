using Countersign.Server.Audit;

namespace Countersign.Server.Storage.Sqlite;

internal static class LedgerServices
{
    /// <summary>The ledger of <see cref="GatewayOptions.LedgerFile"/>; opened when it is first asked for. Needs <c>AddAudit</c> for the seal key.</summary>
    public static IServiceCollection AddLedger(this IServiceCollection services)
        => services.AddSingleton(provider => Ledger.Open(
            new LedgerFile(provider.GetRequiredService<GatewayOptions>().LedgerFile),
            provider.GetRequiredService<AuditKeys>().SealKey,
            provider.GetRequiredService<ILogger<Ledger>>()));
}
