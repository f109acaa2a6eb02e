using System.Runtime.Versioning;

namespace Countersign.Server.Transports.Ssh;

internal static class SshRegistration
{
    /// <summary>Git over SSH, behind the enforcement point like Git over HTTPS.</summary>
    public static IServiceCollection AddSsh(this IServiceCollection services)
    {
        services.AddOptions<SshOptions>().BindConfiguration(SshOptions.Section, binder => binder.ErrorOnUnknownConfiguration = true).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<SshState>();
        services.AddSshCommands();
        services.AddSingleton<SshRunner>(provider => provider.GetRequiredService<SshCommands>().RunAsync);
        return OperatingSystem.IsLinux() ? services.AddServer() : services;
    }

    [SupportedOSPlatform("linux")]
    private static IServiceCollection AddServer(this IServiceCollection services) => services
        .AddSingleton<SshSetup>()
        .AddSingleton<SshSessions>()
        .AddSingleton<SshDoor>()
        .AddSingleton<SshServer>()
        .AddHostedService([SupportedOSPlatform("linux")] (provider) => provider.GetRequiredService<SshServer>());
}
