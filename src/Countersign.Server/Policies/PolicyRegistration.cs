using Countersign.Server.Storage.Sqlite;

namespace Countersign.Server.Policies;

internal static class PolicyRegistration
{
    /// <summary>The policy in force; needs <see cref="GatewayOptions"/>, <see cref="Ledger"/> and a <see cref="TimeProvider"/>.</summary>
    public static IServiceCollection AddPolicies(this IServiceCollection services)
    {
        services.AddSingleton(provider =>
        {
            var ledger = provider.GetRequiredService<Ledger>();
            return new PolicyStore(
                provider.GetRequiredService<GatewayOptions>().PolicyFile,
                applied => ledger.WriteAsync(transaction => transaction.Append(applied)),
                provider.GetRequiredService<TimeProvider>(),
                provider.GetRequiredService<ILogger<PolicyStore>>());
        });
        return services.AddHostedService<PolicyLoading>();
    }

    /// <summary>Loads the policy before the first request is served, so that a broken file stops the start.</summary>
    private sealed class PolicyLoading(PolicyStore policies) : IHostedLifecycleService
    {
        public Task StartingAsync(CancellationToken cancellationToken) => policies.StartAsync();

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
