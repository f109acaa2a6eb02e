using Countersign.Server.Enforcement;
using Countersign.Server.Factors.EmailApproval;
using Countersign.Server.Factors.RecoveryCodes;
using Countersign.Server.Factors.SecurityKeySsh;
using Countersign.Server.Factors.Totp;
using Countersign.Server.Factors.WebAuthn;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.Repositories;

namespace Countersign.Server.Factors;

internal static class FactorServices
{
    /// <summary>The second factors, each as itself and as an <see cref="IFactor"/>.</summary>
    public static IServiceCollection AddFactors(this IServiceCollection services)
    {
        AddKeys(services);
        services.AddOptions<WebAuthnOptions>().BindConfiguration("WebAuthn", binder => binder.ErrorOnUnknownConfiguration = true)
            .Validate(options => options.AttestationRoots is null || Directory.Exists(options.AttestationRoots), "WebAuthn:AttestationRoots: there is no such folder.")
            .ValidateOnStart();
        services.AddOptions<EmailApprovalOptions>().BindConfiguration(EmailApprovalOptions.Section, binder => binder.ErrorOnUnknownConfiguration = true).ValidateOnStart();
        services.AddSingleton<OfferedFactors>();
        services.AddSingleton<Throttles>();
        services.AddSingleton<GuardedAttempts>();

        services.AddSingleton<TotpSecrets>();
        services.AddSingleton<TotpEnrolment>();
        services.AddFactor<TotpFactor>();

        services.AddSingleton<RecoveryCodeBook>();
        services.AddFactor<RecoveryCodeFactor>();

        services.AddSingleton<PasskeyPolicy>();
        services.AddSingleton<Ceremonies>();
        services.AddSingleton<Passkeys>();
        services.AddSingleton<Assertions>();
        services.AddSingleton<PasskeyEnrolment>();
        services.AddFactor<WebAuthnFactor>();

        services.AddSingleton<AttestationChallenges>();
        services.AddSingleton<SshKeyAttestations>();
        return services;
    }

    private static void AddFactor<T>(this IServiceCollection services)
        where T : class, IFactor
    {
        services.AddSingleton<T>();
        services.AddSingleton<IFactor>(provider => provider.GetRequiredService<T>());
    }

    // The keys that seal authenticator secrets stay with the data folder; the folder's mode guards them.
    private static void AddKeys(IServiceCollection services)
    {
        services.AddDataProtection().SetApplicationName("countersign");
        services.AddOptions<KeyManagementOptions>().Configure<GatewayOptions, ILoggerFactory>((keys, gateway, logging) =>
        {
            var folder = Path.Combine(gateway.KeysFolder, "data-protection");
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(folder);
            }
            else
            {
                Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }

            keys.XmlRepository = new FileSystemXmlRepository(new(folder), logging);
        });
    }
}
