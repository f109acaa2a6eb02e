using Countersign.Server.Enforcement;
using Microsoft.Extensions.Options;

namespace Countersign.Server.Transports.Https.LargeFiles;

internal static class LfsRegistration
{
    /// <summary>Git LFS over HTTPS; needs an <see cref="ILfsUpstream"/>.</summary>
    public static IServiceCollection AddLfsHttp(this IServiceCollection services)
    {
        services.AddOptions<LfsOptions>().BindConfiguration(LfsOptions.Section, binder => binder.ErrorOnUnknownConfiguration = true).ValidateDataAnnotations().ValidateOnStart();
        return services
            .AddSingleton(provider => new LfsTerms(
                provider.GetRequiredService<IOptions<LfsOptions>>().Value, provider.GetRequiredService<IOptions<HoldOptions>>().Value, provider.GetRequiredService<RefusalText>(),
                provider.GetRequiredService<PushesBegun>()))
            .AddSingleton<LfsFrame>()
            .AddSingleton<TransferTokens>()
            .AddSingleton<SshLfsTokens>()
            .AddSingleton<LfsAuthentication>()
            .AddSingleton<LfsExchanges>()
            .AddSingleton<LfsTransport>();
    }
}
