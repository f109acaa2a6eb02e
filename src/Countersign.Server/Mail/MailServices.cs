using Countersign.Server.Enforcement;
using Countersign.Server.Factors.EmailApproval;
using Countersign.Server.People;
using Microsoft.Extensions.Options;

namespace Countersign.Server.Mail;

internal static class MailServices
{
    /// <summary>Mail: what the account notices say, codes for addresses, and approval by mail. Needs people, factors and the ledger; comes after them.</summary>
    public static IServiceCollection AddMail(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<MailOptions>().BindConfiguration(MailOptions.Section, binder => binder.ErrorOnUnknownConfiguration = true).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<IValidateOptions<MailOptions>, MailSettings>();
        services.AddSingleton<Outbox>();
        services.AddSingleton<MailReceipts>();
        services.AddSingleton<MailSender>();
        services.AddHostedService(provider => provider.GetRequiredService<MailSender>());
        services.AddSingleton<AccountMail>();
        services.AddSingleton<INotices>(provider => new MailedNotices(
            ActivatorUtilities.CreateInstance<Notices>(provider), provider.GetRequiredService<AccountMail>(), provider.GetRequiredService<ILogger<MailedNotices>>()));
        return services.AddEmailApproval(configuration);
    }

    private static IServiceCollection AddEmailApproval(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<EmailApprovalOptions>()
            .Validate<IOptions<MailOptions>>((options, mail) => !options.Enabled || MailSettings.SendMail(mail.Value), "Factors:EmailApproval:Enabled: there is no mail server; set Mail:Host.");
        services.AddSingleton<MailLinks>();
        services.AddSingleton<EmailCodes>();
        services.AddSingleton<EmailEnrolment>();
        services.AddSingleton<EmailAddresses>();
        services.AddSingleton<EmailApprovalFactor>();
        services.AddSingleton<IFactor>(provider => provider.GetRequiredService<EmailApprovalFactor>());

        // A gateway where nobody is asked by itself shows two digits, not six: so this is known while composing.
        if (configuration.GetValue<bool>($"{EmailApprovalOptions.Section}:{nameof(EmailApprovalOptions.Enabled)}"))
        {
            services.AddSingleton<IPrompt, EmailApprovalPrompt>();
        }

        return services;
    }
}
