namespace Countersign.Server.Upstreams;

/// <summary>A Git host in an administrator's words.</summary>
/// <param name="Name">1 to 64 of the characters a-z, 0-9, '.', '_' and '-'.</param>
/// <param name="Kind">smart-http, bitbucket-dc or bitbucket-cloud.</param>
/// <param name="Base">Its address: scheme, host, port, context path.</param>
/// <param name="Path">Below the base, where repositories begin: /scm. Left out, as is usual for the kind.</param>
/// <param name="Mount">The prefix under which the gateway serves the same paths; none for none. Left out, the same as path.</param>
/// <param name="Credentials">What the host gets to see: none, service or passed.</param>
/// <param name="User">The user name of the service credential; left out, the secret is sent as Bearer.</param>
/// <param name="Secret">The service credential's password or token. It is sealed, and never shown again.</param>
/// <param name="KeepHost">Send the host name that people use for the gateway.</param>
/// <param name="CertificateAuthorities">A PEM file on the gateway's machine with the authorities to trust instead of the system's; only there.</param>
/// <param name="ClientCertificate">A PEM file with the certificate that the gateway shows; only there.</param>
/// <param name="ClientCertificateKey">A PEM file with its key, unencrypted; only there.</param>
/// <param name="Proxy">An HTTP proxy on the way.</param>
/// <param name="Lfs">rewritten or direct.</param>
/// <param name="Identity">For passed credentials, where the person's name comes from: name, header:NAME or get:/path#member.</param>
/// <param name="People">For passed credentials: the host's user names that differ, to the names here.</param>
/// <param name="Workspaces">Workspaces to serve from it, KEY or KEY=folder; left out, all that have no repositories. One entry, none, for none.</param>
/// <param name="InsecureHttp">Credentials may travel unencrypted to a host that is not this machine.</param>
internal sealed record UpstreamInput(
    string Name,
    string Kind,
    string Base,
    string? Path = null,
    string? Mount = null,
    string Credentials = "none",
    string? User = null,
    string? Secret = null,
    bool KeepHost = false,
    string? CertificateAuthorities = null,
    string? ClientCertificate = null,
    string? ClientCertificateKey = null,
    string? Proxy = null,
    string Lfs = "rewritten",
    string? Identity = null,
    IReadOnlyDictionary<string, string>? People = null,
    IReadOnlyList<string>? Workspaces = null,
    bool InsecureHttp = false)
{
    /// <summary>Files are read with the gateway's rights: only who administers its machine may name them.</summary>
    public bool NamesFiles => CertificateAuthorities is not null || ClientCertificate is not null || ClientCertificateKey is not null;

    /// <summary>Records print their members: this one has a secret.</summary>
    public override string ToString() => $"{Name} ({Kind} {Base})";
}
