using System.Text.Json.Serialization;

namespace Countersign.Server.Upstreams;

/// <summary>What the Git host gets to see as first factor.</summary>
internal enum UpstreamCredentials
{
    /// <summary>Nothing: only the gateway reaches the host. The gateway's own access tokens are the first factor.</summary>
    None,

    /// <summary>One credential of the gateway's own for everybody, after the gateway's own first factor.</summary>
    Service,

    /// <summary>The person's own credential for the host, which the host verifies: that is the first factor.</summary>
    Passed,
}

/// <summary>Whether the objects of Git LFS go through the gateway.</summary>
internal enum LfsTransfers
{
    /// <summary>Addresses in the host's answers are rewritten to the gateway, with short tokens.</summary>
    Rewritten,

    /// <summary>Addresses are left as the host gave them: approval of the batch is the gate.</summary>
    Direct,
}

/// <summary>Another Git host, as an administrator described it. Stored as JSON in <see cref="Storage.UpstreamRow"/>; no secret is in it.</summary>
/// <param name="Name">Lower case; unique.</param>
/// <param name="Kind"><c>smart-http</c>.</param>
/// <param name="Base">Scheme, host, port and, where the host lives below one, a context path; no query, no user.</param>
internal sealed record UpstreamDefinition(string Name, string Kind, Uri Base)
{
    /// <summary>Below <see cref="Base"/>, where its repositories begin: <c>/scm</c>; "" for the root. No trailing slash.</summary>
    public string Path { get; init; } = "";

    /// <summary>The prefix under which the gateway serves the same paths; "" for the root, null for none but <c>/scm/KEY/REPO</c>.</summary>
    public string? Mount { get; init; }

    public UpstreamCredentials Credentials { get; init; }

    /// <summary>The user name of the service credential; "" sends its secret as Bearer.</summary>
    public string ServiceUser { get; init; } = "";

    /// <summary>Send the host name that people use for the gateway, for hosts that build links from it; else the host's own.</summary>
    public bool KeepHost { get; init; }

    /// <summary>A PEM file with the authorities that may vouch for the host, instead of the system's.</summary>
    public string? CertificateAuthorities { get; init; }

    /// <summary>PEM files of the certificate that the gateway shows to the host.</summary>
    public string? ClientCertificate { get; init; }

    public string? ClientCertificateKey { get; init; }

    /// <summary>An HTTP proxy on the way to the host.</summary>
    public Uri? Proxy { get; init; }

    public LfsTransfers LfsTransfers { get; init; }

    /// <summary>For passed credentials: where the person's name at the host comes from. <c>name</c>: the Basic user name; <c>header:NAME</c>: a header of the host's answer; <c>get:/path</c> or <c>get:/path#member</c>: the text, or a JSON member, at an address below <see cref="Base"/>.</summary>
    public string Identity { get; init; } = "name";

    /// <summary>For passed credentials: the host's user names that differ from the gateway's, to the person's name here.</summary>
    public IReadOnlyDictionary<string, string> People { get; init; } = new Dictionary<string, string>();

    /// <summary>The service credential's secret, unsealed; never part of the JSON.</summary>
    [JsonIgnore]
    public string? ServiceSecret { get; init; }

    /// <summary>Records print their members: this one has a secret.</summary>
    public override string ToString() => $"{Name} ({Kind} {Base})";
}
