using System.Net;
using Microsoft.Extensions.Options;

namespace Countersign.Server.Mail;

/// <summary>Holds the settings against each other; what is wrong ends the start with one line.</summary>
internal sealed class MailSettings : IValidateOptions<MailOptions>
{
    public static bool SendMail(MailOptions options) => options.Host is { Length: > 0 };

    public ValidateOptionsResult Validate(string? name, MailOptions options) =>
        WhyNot(options) is { } wrong ? ValidateOptionsResult.Fail(wrong) : ValidateOptionsResult.Success;

    /// <summary>The password, read anew each time so that a changed file counts.</summary>
    public static string? PasswordOf(MailOptions options) =>
        options.PasswordFile is { } file ? File.ReadLines(file).FirstOrDefault() : options.Password;

    private static string? WhyNot(MailOptions options)
    {
        if (!SendMail(options))
        {
            return (options.From ?? options.User ?? options.Password ?? options.PasswordFile ?? options.CaFile) is null ? null : "Mail:Host: name the mail server.";
        }

        return options switch
        {
            { Security: not ("starttls" or "tls" or "none") } => "Mail:Security: write starttls, tls or none.",
            { Security: "none" } when !IsThisMachine(options.Host!) => "Mail:Security: none is for a server on this machine (localhost); use starttls or tls.",
            { From: null } => "Mail:From: say as whom the gateway writes, such as git@example.org.",
            _ when !Mailbox.TryParse(options.From, out _) => "Mail:From: write an address such as git@example.org or Countersign <git@example.org>.",
            { Password: not null, PasswordFile: not null } => "Mail:PasswordFile: give the password or a file with it, not both.",
            { User: not null, Password: null, PasswordFile: null } => "Mail:PasswordFile: the user needs a password.",
            { User: null } when (options.Password ?? options.PasswordFile) is not null => "Mail:User: whose password is it?",
            { PasswordFile: { } file } when !File.Exists(file) => "Mail:PasswordFile: there is no such file.",
            { CaFile: { } file } when !File.Exists(file) => "Mail:CaFile: there is no such file.",
            { Security: "none", CaFile: not null } => "Mail:CaFile: without TLS there is no certificate to check.",
            _ => null,
        };
    }

    private static bool IsThisMachine(string host) => host == "localhost" || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
}
