using System.ComponentModel.DataAnnotations;

namespace Countersign.Server.Factors.DuoPush;

/// <summary>Section <c>Factors:DuoPush</c>: the Auth API application in Duo's admin panel. Without the section there is no Duo at all.</summary>
internal sealed class DuoPushOptions
{
    public const string Section = "Factors:DuoPush";

    /// <summary>The API hostname, such as <c>api-1234abcd.duosecurity.com</c>.</summary>
    [Required]
    [RegularExpression(@"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?", ErrorMessage = "Factors:DuoPush:Host is a host name, such as api-1234abcd.duosecurity.com.")]
    public string? Host { get; set; }

    [Required]
    [RegularExpression("[!-9;-~]+", ErrorMessage = "Factors:DuoPush:IntegrationKey is printable and has no colon.")]
    public string? IntegrationKey { get; set; }

    /// <summary>Or <see cref="SecretKeyFile"/>, which keeps it out of the environment.</summary>
    public string? SecretKey { get; set; }

    /// <summary>A file with the secret key alone; read when the gateway starts.</summary>
    public string? SecretKeyFile { get; set; }

    /// <summary>How calls are signed: 5, or 2 for what stands in for Duo and knows no better.</summary>
    [AllowedValues(2, 5, ErrorMessage = "Factors:DuoPush:SignatureVersion is 2 or 5.")]
    public int SignatureVersion { get; set; } = 5;

    /// <summary>What Duo knows people by: <c>name</c> or <c>email</c>. Nobody chooses it for themselves.</summary>
    [RegularExpression("name|email", ErrorMessage = "Factors:DuoPush:UserName is name or email.")]
    public string UserName { get; set; } = "name";

    /// <summary>Take passcodes, too: on the approval page, at sign-in and before changes. Off, Duo Push is a push and nothing else, and it signs nobody in.</summary>
    public bool Passcodes { get; set; } = true;

    /// <summary>PEM file with the authorities that may vouch for the host, in place of the system's.</summary>
    public string? CaFile { get; set; }

    /// <summary>Seconds until Duo has answered a question of its own.</summary>
    [Range(1, 60)]
    public int AnswerSeconds { get; set; } = 10;

    /// <summary>Seconds that Duo may think about one question for a push that waits; it answers when something has happened.</summary>
    [Range(5, 300)]
    public int PollSeconds { get; set; } = 75;

    /// <summary>Seconds that a push is waited for; Duo's own ends after 60.</summary>
    [Range(10, 600)]
    public int PushSeconds { get; set; } = 120;
}
