using Countersign.Server.Factors.SecurityKeySsh;
using Countersign.Server.Transports;
using Countersign.Server.Transports.ForwardAuth;
using Countersign.Server.Transports.Https;
using Countersign.Server.Transports.Https.LargeFiles;

namespace Countersign.Server.Enforcement;

internal static class EnforcementServices
{
    /// <summary>Deciding, holding and recording; needs people, policies, the ledger and one <see cref="IUpstream"/>.</summary>
    public static IServiceCollection AddEnforcement(this IServiceCollection services)
    {
        services.AddOptions<HoldOptions>().BindConfiguration("Holds", binder => binder.ErrorOnUnknownConfiguration = true).ValidateDataAnnotations().ValidateOnStart();
        return services
            .AddSingleton<GrantStore>()
            .AddSingleton<SecurityKeyHandshakes>()
            .AddSingleton<Decider>()
            .AddSingleton<ChallengeAnnouncements>()
            .AddSingleton<ChallengeNumber>()
            .AddSingleton<ChallengeOpenings>()
            .AddSingleton<ChallengeRegister>()
            .AddSingleton<ChallengeReader>()
            .AddSingleton<HoldPlaces>()
            .AddSingleton<HoldLimits>()
            .AddSingleton<ChallengeBroker>()
            .AddSingleton<PushesBegun>()
            .AddSingleton<DecisionRecords>()
            .AddSingleton<GitEnforcementPoint>()
            .AddSingleton<RunningCommands>()
            .AddSingleton<Forwarder>()
            .AddSingleton<CommandReports>()
            .AddSingleton<Authenticators>()
            .AddSingleton<Approvals>()
            .AddSingleton<PromptDelivery>()
            .AddSingleton<Prompter>()
            .AddHostedService<ChallengeKeeper>();
    }

    /// <summary>Git over HTTPS in front of the enforcement point.</summary>
    public static IServiceCollection AddGitHttp(this IServiceCollection services) => services
        .AddSingleton<RefusalText>()
        .AddSingleton<RedirectKey>()
        .AddSingleton<CommandRedirect>()
        .AddSingleton<CredentialRejections>()
        .AddSingleton<GitAuthentication>()
        .AddSingleton<PushSpools>()
        .AddSingleton<Acceleration>()
        .AddSingleton<CapabilityAnswers>()
        .AddSingleton<GitHttpExchanges>()
        .AddLfsHttp()
        .AddSingleton<GitHttpTransport>()
        .AddSingleton<ForwardAuthTransport>()
        .AddSingleton<GitHttpDoor>();

    /// <summary>Must come before everything else that handles requests.</summary>
    public static void UseGitHttp(this IApplicationBuilder app)
    {
        var door = app.ApplicationServices.GetRequiredService<GitHttpDoor>();
        var announcements = app.ApplicationServices.GetRequiredService<ChallengeAnnouncements>();
        var prompter = app.ApplicationServices.GetRequiredService<Prompter>();
        var stopping = app.ApplicationServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        stopping.Register(announcements.Close);
        stopping.Register(prompter.Dispose); // who is asked by then is asked again when the command is run again
        app.Use(next => context => door.HandleAsync(context, next));
    }
}
