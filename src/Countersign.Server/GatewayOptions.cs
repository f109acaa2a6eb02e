using System.Net;

namespace Countersign.Server;

/// <summary>What `serve` was told: the options of the command line, over the configuration file, over the environment.</summary>
internal sealed record GatewayOptions
{
    /// <summary>The data folder, absolute.</summary>
    public required string Data { get; init; }

    /// <summary>Where HTTP is served; port 0 takes a free one.</summary>
    public required IPEndPoint Http { get; init; }

    /// <summary>Where HTTPS is served by the gateway itself; null when a proxy in front of it does that.</summary>
    public IPEndPoint? Https { get; init; }

    /// <summary>PEM file with the certificate and what leads to its root, absolute. Set whenever <see cref="Https"/> is.</summary>
    public string? Certificate { get; init; }

    /// <summary>PEM file with the certificate's private key, not encrypted, absolute.</summary>
    public string? CertificateKey { get; init; }

    /// <summary>The proxies that may say for whom they speak.</summary>
    public IReadOnlyList<IPNetwork> TrustedProxies { get; init; } = [];

    /// <summary>The named location to which nginx can be sent with what is allowed; null where the gateway carries everything.</summary>
    public string? AcceleratedLocation { get; init; }

    /// <summary>Where SSH is served; null when off.</summary>
    public IPEndPoint? Ssh { get; init; }

    /// <summary>The operator named <see cref="Ssh"/>; it is not the default.</summary>
    public bool IsSshAsked { get; init; }

    /// <summary>The address that people see, without a trailing slash. All links are built from it, never from a request. https, or http on a loopback name.</summary>
    public required Uri Url { get; init; }

    /// <summary>The configuration file that was read, absolute; null when there was none.</summary>
    public string? Config { get; init; }

    /// <summary>The socket for the administration commands.</summary>
    public string AdminSocket => Path.Combine(Data, "admin.sock");

    public string DatabaseFile => Path.Combine(Data, "countersign.db");

    public string LedgerFile => Path.Combine(Data, "ledger.db");

    public string RepositoriesFolder => Path.Combine(Data, "repositories");

    /// <summary>The large files of local repositories.</summary>
    public string LfsFolder => Path.Combine(Data, "lfs");

    /// <summary>Where they are while they come in; emptied at start. No workspace can have this name, and it is on the same file system.</summary>
    public string LfsIncomingFolder => Path.Combine(LfsFolder, ".incoming");

    /// <summary>Keys that only the gateway reads: audit signing, seals, data protection. Mode 0700.</summary>
    public string KeysFolder => Path.Combine(Data, "keys");

    public string PolicyFile => Path.Combine(Data, "policy.yaml");

    /// <summary>Where pushes wait for approval and packs are looked at; emptied at start.</summary>
    public string SpoolFolder => Path.Combine(Data, "spool");
}
