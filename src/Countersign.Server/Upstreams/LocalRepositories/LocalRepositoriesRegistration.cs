using Countersign.Server.People;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Countersign.Server.Upstreams.LocalRepositories;

internal static class LocalRepositoriesRegistration
{
    /// <summary>Needs <see cref="GatewayOptions"/> to be registered.</summary>
    public static IServiceCollection AddLocalRepositories(this IServiceCollection services)
    {
        services.AddOptions<RepositoriesOptions>().BindConfiguration(RepositoriesOptions.Section, binder => binder.ErrorOnUnknownConfiguration = true).ValidateDataAnnotations().ValidateOnStart();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<GitExecutable>();
        services.AddSingleton<GitRunner>();
        services.AddSingleton<ProcessSlots>();
        services.AddSingleton<Quarantine>();
        services.AddSingleton<IncomingObjects>();
        services.AddSingleton<LocalRepositoryStore>();
        services.AddSingleton<IRepositoryFiles>(provider => provider.GetRequiredService<LocalRepositoryStore>());
        services.AddSingleton<LocalUpstream>();
        services.AddSingleton<LfsObjects>();
        services.AddSingleton<LfsLocks>();
        services.AddSingleton<LocalLfs>();
        services.AddHostedService<LocalRepositoriesStartup>();
        return services;
    }
}
