using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Countersign.Server.Enforcement;
using Microsoft.Extensions.Options;

namespace Countersign.Server.Factors.DuoPush;

internal static class DuoPushRegistration
{
    /// <summary>Duo Push, where the section is there.</summary>
    public static IServiceCollection AddDuoPush(this IServiceCollection services, IConfiguration configuration)
    {
        if (!configuration.GetSection(DuoPushOptions.Section).Exists())
        {
            return services;
        }

        services.AddOptions<DuoPushOptions>().BindConfiguration(DuoPushOptions.Section, binder => binder.ErrorOnUnknownConfiguration = true)
            .ValidateDataAnnotations()
            .Validate(options => DuoSecretKey.Read(options) is not null, "Factors:DuoPush takes either SecretKey or SecretKeyFile, a file with the key alone that can be read.")
            .Validate(
                options => options.CaFile is not null || DuoHost.IsDuos(options.Host),
                "Factors:DuoPush:Host is not Duo's: those end in .duosecurity.com or .duofederal.com. For what stands in for Duo set Factors:DuoPush:CaFile, the authority that vouches for it.")
            .Validate(options => options.CaFile is null || Authorities(options.CaFile) is { Count: > 0 }, "Factors:DuoPush:CaFile: there is no such file, or no certificate in it.")
            .ValidateOnStart();
        services.AddSingleton<DuoSecretKey>();
        services.AddSingleton<DuoRequests>();
        services.AddSingleton(provider => new DuoConnection(Handler(provider.GetRequiredService<IOptions<DuoPushOptions>>().Value)));
        services.AddSingleton<DuoBreaker>();
        services.AddSingleton<DuoTime>();
        services.AddSingleton<DuoCalls>();
        services.AddSingleton<DuoAuthApi>();
        services.AddSingleton<DuoPushes>();
        services.AddSingleton<DuoAccounts>();
        services.AddSingleton<DuoTransactions>();
        services.AddSingleton<DuoTrials>();
        services.AddSingleton<DuoTrialReports>();
        services.AddSingleton<DuoTrialPushes>();
        services.AddSingleton<DuoEnrolment>();
        services.AddSingleton<IPrompt, DuoPrompt>();
        services.AddHostedService<DuoListener>();
        if (configuration.GetValue($"{DuoPushOptions.Section}:{nameof(DuoPushOptions.Passcodes)}", true))
        {
            services.AddSingleton<DuoPasscodeFactor>();
            services.AddSingleton<IFactor>(provider => provider.GetRequiredService<DuoPasscodeFactor>());
        }

        return services;
    }

    /// <summary>Nothing is followed, remembered, unpacked or added on the way, and no proxy of the environment reads along.</summary>
    private static SocketsHttpHandler Handler(DuoPushOptions options)
    {
        var tls = new SslClientAuthenticationOptions();
        if (options.CaFile is { } file)
        {
            tls.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            tls.CertificateChainPolicy.CustomTrustStore.AddRange(Authorities(file)!);
        }

        return new()
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            AutomaticDecompression = DecompressionMethods.None,
            PreAuthenticate = false,
            ActivityHeadersPropagator = null,
            ConnectTimeout = TimeSpan.FromSeconds(options.AnswerSeconds),
            PooledConnectionLifetime = TimeSpan.FromMinutes(10),
            EnableMultipleHttp2Connections = true, // one connection carries a hundred waiting pushes, as a rule
            MaxResponseHeadersLength = 32, // KB
            MaxResponseDrainSize = 0,
            SslOptions = tls,
        };
    }

    private static X509Certificate2Collection? Authorities(string file)
    {
        try
        {
            var roots = new X509Certificate2Collection();
            roots.ImportFromPemFile(file);
            return roots;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException)
        {
            return null;
        }
    }
}
