using Countersign.Server.Factors;
using Countersign.Server.Factors.EmailApproval;
using Countersign.Server.Mail;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Countersign.Server.Tests.Mail;

public sealed class MailSettingsTests
{
    private static readonly MailSettings Settings = new();

    [Fact]
    public void Without_a_host_there_is_no_mail_and_nothing_to_complain_about() => Assert.True(Settings.Validate(null, new()).Succeeded);

    [Fact]
    public void A_server_on_this_machine_needs_no_TLS() =>
        Assert.All(["localhost", "127.0.0.1", "::1"], host => Assert.True(Settings.Validate(null, new() { Host = host, Security = "none", From = "a@example.org" }).Succeeded));

    public static TheoryData<string, string?, string, string?, string?, string?, string?, string?> Wrong => new()
    {
        { "Mail:Host", null, "starttls", "a@example.org", null, null, null, null },
        { "Mail:Security", "mail.example.org", "none", "a@example.org", null, null, null, null },
        { "Mail:Security", "mail.example.org", "ssl", "a@example.org", null, null, null, null },
        { "Mail:From", "mail.example.org", "tls", null, null, null, null, null },
        { "Mail:From", "mail.example.org", "tls", "nobody", null, null, null, null },
        { "Mail:From", "mail.example.org", "tls", "a@example.org\r\nBcc: b@example.org", null, null, null, null },
        { "Mail:PasswordFile", "mail.example.org", "tls", "a@example.org", "u", null, null, null },
        { "Mail:PasswordFile", "mail.example.org", "tls", "a@example.org", "u", "p", "/dev/null", null },
        { "Mail:PasswordFile", "mail.example.org", "tls", "a@example.org", "u", null, "/nowhere", null },
        { "Mail:User", "mail.example.org", "tls", "a@example.org", null, "p", null, null },
        { "Mail:CaFile", "mail.example.org", "tls", "a@example.org", null, null, null, "/nowhere" },
        { "Mail:CaFile", "localhost", "none", "a@example.org", null, null, null, "/dev/null" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void What_does_not_fit_together_ends_the_start(string setting, string? host, string security, string? from, string? user, string? password, string? passwordFile, string? caFile)
    {
        var result = Settings.Validate(null, new() { Host = host, Security = security, From = from, User = user, Password = password, PasswordFile = passwordFile, CaFile = caFile });
        Assert.StartsWith(setting + ":", result.FailureMessage, StringComparison.Ordinal);
    }

    [Fact]
    public void Approval_by_mail_without_mail_ends_the_start()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?> { ["Factors:EmailApproval:Enabled"] = "true" }).Build();
        using var services = new ServiceCollection().AddSingleton<IConfiguration>(configuration).AddFactors().AddMail(configuration).BuildServiceProvider();
        var failure = Assert.Throws<OptionsValidationException>(() => services.GetRequiredService<IOptions<EmailApprovalOptions>>().Value);
        Assert.Contains("Mail:Host", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_a_password_file_the_first_line_counts()
    {
        var file = Path.GetTempFileName();
        File.WriteAllText(file, "secret\nnot this\n");
        Assert.Equal("secret", MailSettings.PasswordOf(new() { PasswordFile = file }));
        File.Delete(file);
    }
}
