namespace Countersign.Server.Transports.Ssh;

internal static class SshCommandsRegistration
{
    /// <summary>Git over SSH in front of the enforcement point, once sshd has said who it is.</summary>
    public static IServiceCollection AddSshCommands(this IServiceCollection services) => services
        .AddSingleton<SshCrowd>()
        .AddSingleton<SshTerms>()
        .AddSingleton<SshDestinations>()
        .AddSingleton<SshTranslation>()
        .AddSingleton<SshGit>()
        .AddSingleton<SshDesk>()
        .AddSingleton<SshLargeFiles>()
        .AddSingleton<SshCommands>();
}
