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

    /// <summary>The host name in the addresses that people are shown; null takes that of <c>Gateway:Url</c>.</summary>
    [RegularExpression(@"[A-Za-z0-9.\-]+|\[[0-9A-Fa-f:.]+\]")]
    public string? PublicHost { get; set; }

    /// <summary>The port in those addresses, where something in front maps it; null takes the served one.</summary>
    [Range(1, 65535)]
    public int? PublicPort { get; set; }
}
