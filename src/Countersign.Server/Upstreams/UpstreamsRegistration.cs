using Countersign.Server.Enforcement;
using Countersign.Server.Upstreams.Passed;
using Countersign.Server.Upstreams.SmartHttp;

namespace Countersign.Server.Upstreams;

internal static class UpstreamsRegistration
{
    /// <summary>All far sides, behind one <see cref="IUpstream"/>. Needs the databases.</summary>
    public static IServiceCollection AddUpstreams(this IServiceCollection services)
    {
        services.AddSingleton<UpstreamStore>();
        services.AddHostedService(provider => provider.GetRequiredService<UpstreamStore>());
        services.AddSingleton<UpstreamPlaces>();
        services.AddSingleton<TakenPlaces>();
        services.AddSingleton<UpstreamQuestions>();
        services.AddSingleton<UpstreamStates>();
        services.AddSingleton<UpstreamChecks>();
        services.AddSingleton<IUpstreamDesk, UpstreamDesk>();
        services.AddPassedCredentials();
        services.AddSmartHttp();
        services.AddSingleton<IUpstream, RoutedUpstream>();
        services.AddSingleton<ILfsUpstream, RoutedLfs>();
        return services;
    }
}
