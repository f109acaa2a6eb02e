using System.ComponentModel.DataAnnotations;

namespace Countersign.Server.Transports.Ssh;

/// <summary>Section <c>Ssh</c>: the sshd in front of the gateway. Where it listens is <c>Gateway:Ssh</c>.</summary>
internal sealed class SshOptions
{
    public const string Section = "Ssh";

    /// <summary>sshd itself, absolute; null looks on the PATH and where systems keep it.</summary>
    [RegularExpression("/.+")]
    public string? Sshd { get; set; }

    /// <summary>The number of the user (and group) that sshd runs as where the gateway runs as root; it needs no account. Without root, sshd runs as the gateway does.</summary>
    [Range(1, 2_000_000_000)]
    public int User { get; set; } = 60999;

    /// <summary>Commands at one time, held ones included; further ones are told to come again.</summary>
    [Range(1, 100_000)]
    public int MaxSessions { get; set; } = 2000;

    /// <summary>Git commands of one person at one time; further ones are told to come again.</summary>
    [Range(1, 100_000)]
    public int MaxSessionsPerPerson { get; set; } = 250;

    /// <summary>Seconds that a command waits for a client that neither sends what is awaited nor takes what it is sent.</summary>
    [Range(60, 86_400)]
    public int IdleSeconds { get; set; } = 600;

    /// <summary>The same between the list of refs and the changes of a push, where the client's hooks run.</summary>
    [Range(60, 86_400)]
    public int HookSeconds { get; set; } = 3600;

    /// <summary>The host name in the addresses that people are shown; null takes that of <c>Gateway:Url</c>.</summary>
    [RegularExpression(@"[A-Za-z0-9.\-]+|\[[0-9A-Fa-f:.]+\]")]
    public string? PublicHost { get; set; }

    /// <summary>The port in those addresses, where something in front maps it; null takes the served one.</summary>
    [Range(1, 65535)]
    public int? PublicPort { get; set; }
}
