namespace Countersign.Server.Upstreams;

/// <summary>What is to be different about a Git host, in an administrator's words as in <see cref="UpstreamInput"/>; what is left out stays.</summary>
/// <param name="Base">Its address.</param>
/// <param name="Path">Below the base, where repositories begin.</param>
/// <param name="Mount">The prefix under which the gateway serves the same paths; none for none.</param>
/// <param name="Credentials">none, service or passed.</param>
/// <param name="User">The user name of the service credential.</param>
/// <param name="Secret">The service credential's password or token. Needed anew where it would go another way than before.</param>
/// <param name="KeepHost">Send the host name that people use for the gateway.</param>
/// <param name="CertificateAuthorities">A PEM file, or none for the system's; only on the gateway's machine.</param>
/// <param name="ClientCertificate">A PEM file, or none; only there.</param>
/// <param name="ClientCertificateKey">A PEM file, or none; only there.</param>
/// <param name="Proxy">An HTTP proxy on the way, or none.</param>
/// <param name="Lfs">rewritten or direct.</param>
/// <param name="Identity">For passed credentials, where the person's name comes from.</param>
/// <param name="People">For passed credentials: all of the host's user names that differ, in place of those before.</param>
/// <param name="InsecureHttp">Credentials may travel unencrypted to a host that is not this machine.</param>
internal sealed record UpstreamChange(
    string? Base = null,
    string? Path = null,
    string? Mount = null,
    string? Credentials = null,
    string? User = null,
    string? Secret = null,
    bool? KeepHost = null,
    string? CertificateAuthorities = null,
    string? ClientCertificate = null,
    string? ClientCertificateKey = null,
    string? Proxy = null,
    string? Lfs = null,
    string? Identity = null,
    IReadOnlyDictionary<string, string>? People = null,
    bool InsecureHttp = false)
{
    /// <summary>Whom the gateway trusts and how it shows itself: only for who administers its machine, to take away as to set.</summary>
    public bool NamesFiles => CertificateAuthorities is not null || ClientCertificate is not null || ClientCertificateKey is not null;

    /// <summary>Records print their members: this one may have a secret.</summary>
    public override string ToString() => $"change of {Base}";

    /// <summary>The whole host with the change, for <see cref="UpstreamRules.Read"/>, which judges it as it would a new one.</summary>
    public UpstreamInput AppliedTo(UpstreamDefinition old)
    {
        var credentials = Credentials ?? old.Credentials.ToString().ToLowerInvariant();
        var (service, passed) = (credentials == "service", credentials == "passed");
        return new(
            old.Name,
            old.Kind,
            Base ?? old.Base.AbsoluteUri,
            Path ?? old.Path,
            Mount ?? old.Mount switch { null => UpstreamChoice.None, "" => "/", var mount => mount },
            credentials,
            User ?? (service && old.ServiceUser.Length > 0 ? old.ServiceUser : null),
            Secret ?? (service ? old.ServiceSecret : null),
            KeepHost ?? old.KeepHost,
            Given(CertificateAuthorities, old.CertificateAuthorities),
            Given(ClientCertificate, old.ClientCertificate),
            Given(ClientCertificateKey, old.ClientCertificateKey),
            Given(Proxy, old.Proxy?.AbsoluteUri),
            Lfs ?? old.LfsTransfers.ToString().ToLowerInvariant(),
            Identity ?? (passed && old.Credentials == UpstreamCredentials.Passed ? old.Identity : null),
            People ?? (passed ? old.People : null),
            InsecureHttp: InsecureHttp || (old.Credentials != UpstreamCredentials.None && Base is null));
    }

    /// <summary>
    /// The service credential's secret was given for one address and one way there. Whoever may change those, over the network and
    /// without knowing it, must not have it sent somewhere else.
    /// </summary>
    public bool LeadsSecretElsewhere(UpstreamDefinition old, UpstreamDefinition changed) =>
        Secret is null && changed.ServiceSecret is not null && (old.Base != changed.Base || old.Proxy != changed.Proxy);

    private static string? Given(string? word, string? before) => word switch
    {
        null => before,
        UpstreamChoice.None => null,
        _ => word,
    };
}
