using System.ComponentModel.DataAnnotations;

namespace Countersign.Server.Mail;

/// <summary>The mail server that takes what the gateway sends. Without a host the gateway sends none.</summary>
internal sealed class MailOptions
{
    public const string Section = "Mail";

    /// <summary>Its name, which its certificate must carry.</summary>
    public string? Host { get; init; }

    [Range(1, 65535)]
    public int Port { get; init; } = 587;

    /// <summary><c>starttls</c> (RFC 3207, required), <c>tls</c> from the first byte (RFC 8314), or <c>none</c> on this machine.</summary>
    public string Security { get; init; } = "starttls";

    public string? User { get; init; }

    public string? Password { get; init; }

    /// <summary>A file whose first line is the password.</summary>
    public string? PasswordFile { get; init; }

    /// <summary><c>git@example.org</c> or <c>Countersign &lt;git@example.org&gt;</c>.</summary>
    public string? From { get; init; }

    /// <summary>PEM file with the authorities that the server's certificate leads to, in place of the machine's.</summary>
    public string? CaFile { get; init; }
}
