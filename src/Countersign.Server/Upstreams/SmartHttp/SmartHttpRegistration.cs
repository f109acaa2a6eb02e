namespace Countersign.Server.Upstreams.SmartHttp;

internal static class SmartHttpRegistration
{
    public static IServiceCollection AddSmartHttp(this IServiceCollection services)
    {
        services.AddSingleton<SmartHttpUpstream>();
        services.AddSingleton<SmartHttpLfs>();
        return services;
    }
}
