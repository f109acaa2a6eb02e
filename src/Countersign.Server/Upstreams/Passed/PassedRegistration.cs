namespace Countersign.Server.Upstreams.Passed;

internal static class PassedRegistration
{
    /// <summary>First factors that Git hosts check. Needs people, the ledger and the audit keys.</summary>
    public static IServiceCollection AddPassedCredentials(this IServiceCollection services) => services
        .AddSingleton<AnonymousAnswers>()
        .AddSingleton<HostChecks>()
        .AddSingleton<AttemptBounds>()
        .AddSingleton<HostVerdicts>()
        .AddSingleton<HostNames>()
        .AddSingleton<ReportedCredentials>()
        .AddSingleton<UpstreamTokenCheck>()
        .AddSingleton<IUpstreamTokens, UpstreamTokens>()
        .AddSingleton<PassedFirstFactor>()
        .AddSingleton<GitCredentials>();
}
