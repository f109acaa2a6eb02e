namespace Countersign.Server.Proxies;

internal static class ProxyServices
{
    public static IServiceCollection AddProxies(this IServiceCollection services) => services.AddSingleton<ProxyDoor>();

    /// <summary>Must come before everything else that handles requests.</summary>
    public static void UseProxies(this IApplicationBuilder app)
    {
        var door = app.ApplicationServices.GetRequiredService<ProxyDoor>();
        app.Use(next => context => door.HandleAsync(context, next));
    }
}
