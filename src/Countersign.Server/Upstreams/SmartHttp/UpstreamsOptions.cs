using System.ComponentModel.DataAnnotations;

namespace Countersign.Server.Upstreams.SmartHttp;

/// <summary>Section <c>Upstreams</c>: how long other Git hosts are waited for.</summary>
internal sealed class UpstreamsOptions
{
    public const string Section = "Upstreams";

    /// <summary>Seconds until a connection stands, TLS included.</summary>
    [Range(1, 300)]
    public int ConnectSeconds { get; set; } = 10;

    /// <summary>Seconds until the headers of an answer, after the whole request was sent; waiting for a free connection counts, too.</summary>
    [Range(1, 3600)]
    public int AnswerSeconds { get; set; } = 120;

    /// <summary>Seconds that a host may neither take nor send a byte in the middle of a transfer. Git's own keepalives come every 5 s.</summary>
    [Range(1, 3600)]
    public int IdleSeconds { get; set; } = 120;

    /// <summary>Connections to one host at a time; further commands wait for a free one.</summary>
    [Range(1, 65536)]
    public int Connections { get; set; } = 512;
}
