using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Countersign.Server.Upstreams;

/// <summary>Connections for questions, kept per Git host apart from those that carry commands: a busy host still answers who somebody is.</summary>
internal sealed class UpstreamConnections(GatewayOptions options) : IDisposable
{
    private readonly ConcurrentDictionary<UpstreamDefinition, Lazy<HttpMessageInvoker>> clients = new(ReferenceEqualityComparer.Instance);

    public HttpMessageInvoker Of(UpstreamDefinition upstream) => clients.GetOrAdd(upstream, found => new(() => new(Connect(found)))).Value;

    public void Address(HttpRequestMessage request, UpstreamDefinition upstream)
    {
        if (upstream.KeepHost)
        {
            request.Headers.Host = options.Url.Authority;
        }
    }

    public void Dispose()
    {
        foreach (var client in clients.Values.Where(client => client.IsValueCreated))
        {
            client.Value.Dispose();
        }
    }

    private static SocketsHttpHandler Connect(UpstreamDefinition upstream)
    {
        var tls = new SslClientAuthenticationOptions();
        if (upstream.CertificateAuthorities is { } authorities)
        {
            var trusted = new X509Certificate2Collection();
            trusted.ImportFromPemFile(authorities);
            tls.CertificateChainPolicy = new() { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            tls.CertificateChainPolicy.CustomTrustStore.AddRange(trusted);
        }

        if (upstream.ClientCertificate is { } certificate)
        {
            tls.ClientCertificates = [X509Certificate2.CreateFromPemFile(certificate, upstream.ClientCertificateKey)];
        }

        return new()
        {
            SslOptions = tls,
            UseProxy = upstream.Proxy is not null,
            Proxy = upstream.Proxy is { } proxy ? new WebProxy(proxy) : null,
            UseCookies = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            MaxConnectionsPerServer = 64,
            MaxResponseHeadersLength = 64,
            ConnectTimeout = TimeSpan.FromSeconds(10),
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            ResponseDrainTimeout = TimeSpan.Zero, // a body that nobody asked for is not read to its end
        };
    }
}
