namespace Countersign.Server.Upstreams.SmartHttp;

internal static class SmartHttpRegistration
{
    public static IServiceCollection AddSmartHttp(this IServiceCollection services)
    {
        services.AddOptions<UpstreamsOptions>().BindConfiguration(UpstreamsOptions.Section, binder => binder.ErrorOnUnknownConfiguration = true).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<UpstreamClients>();
        services.AddSingleton<UpstreamMessages>();
        services.AddSingleton<SmartHttpUpstream>();
        services.AddSingleton<LfsHosts>();
        services.AddSingleton<LocksSeen>();
        services.AddSingleton<SmartHttpLfs>();
        return services;
    }
}
