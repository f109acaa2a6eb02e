using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Countersign.Server.Upstreams.SmartHttp;

/// <summary>How connections to a Git host are made: nothing is followed, remembered, unpacked or added on the way.</summary>
internal static class UpstreamHandler
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10); // a host that moved is found again
    private static readonly TimeSpan IdleLifetime = TimeSpan.FromSeconds(30); // below what hosts and balancers give an idle connection

    /// <summary>Throws when a certificate file cannot be read.</summary>
    public static SocketsHttpHandler Create(ConnectionShape shape, UpstreamsOptions options) => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        UseProxy = shape.Proxy is not null,
        Proxy = shape.Proxy is { } proxy ? new WebProxy(proxy) { Credentials = CredentialOf(proxy) } : null,
        DefaultProxyCredentials = null,
        Credentials = null,
        PreAuthenticate = false,
        ActivityHeadersPropagator = null,
        ConnectTimeout = TimeSpan.FromSeconds(options.ConnectSeconds),
        MaxConnectionsPerServer = options.Connections,
        PooledConnectionLifetime = Lifetime,
        PooledConnectionIdleTimeout = IdleLifetime,
        MaxResponseHeadersLength = 32, // KB
        MaxResponseDrainSize = 0, // an answer that nobody wants any more ends with its connection
        SslOptions = Tls(shape),
    };

    /// <summary>For places that a host names elsewhere: the system's trust, no certificate of ours, and its own way to connect.</summary>
    public static SocketsHttpHandler ForOthers(
        Uri? proxy, UpstreamsOptions options, Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>>? connect) => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        UseProxy = proxy is not null,
        Proxy = proxy is null ? null : new WebProxy(proxy) { Credentials = CredentialOf(proxy) },
        ActivityHeadersPropagator = null,
        ConnectTimeout = TimeSpan.FromSeconds(options.ConnectSeconds),
        ConnectCallback = connect,
        MaxConnectionsPerServer = options.Connections,
        PooledConnectionLifetime = Lifetime,
        PooledConnectionIdleTimeout = IdleLifetime,
        MaxResponseHeadersLength = 32, // KB
        MaxResponseDrainSize = 0,
    };

    private static NetworkCredential? CredentialOf(Uri proxy) =>
        proxy.UserInfo.Split(':', 2) is [{ Length: > 0 } user, var password]
            ? new(Uri.UnescapeDataString(user), Uri.UnescapeDataString(password))
            : null;

    private static SslClientAuthenticationOptions Tls(ConnectionShape shape)
    {
        var options = new SslClientAuthenticationOptions();
        if (shape.Authorities is { } authorities)
        {
            var roots = new X509Certificate2Collection();
            roots.ImportFromPemFile(authorities.Path);
            options.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            options.CertificateChainPolicy.CustomTrustStore.AddRange(roots.Count > 0 ? roots : throw new CryptographicException("no certificate in the file"));
        }

        if (shape.Certificate is { } certificate)
        {
            options.ClientCertificates = [X509Certificate2.CreateFromPemFile(certificate.Path, shape.Key?.Path)];
        }

        if (shape.KeepHost)
        {
            // The handler would hold the certificate against the Host header: against the gateway's own name.
            options.RemoteCertificateValidationCallback = (_, shown, _, errors) =>
                (errors & ~SslPolicyErrors.RemoteCertificateNameMismatch) == SslPolicyErrors.None
                && shown is X509Certificate2 host
                && host.MatchesHostname(shape.Base.IdnHost);
        }

        return options;
    }
}
