namespace Countersign.Server.Upstreams.SmartHttp;

/// <summary>All that a connection to a host depends on; files by their time, so that a renewed certificate is taken up.</summary>
internal sealed record ConnectionShape(Uri Base, bool KeepHost, Uri? Proxy, string? ProxyUser, CertificateFile? Authorities, CertificateFile? Certificate, CertificateFile? Key)
{
    public static ConnectionShape Of(UpstreamDefinition upstream) => new(
        upstream.Base,
        upstream.KeepHost,
        upstream.Proxy,
        upstream.Proxy?.UserInfo, // which Uri leaves out of its comparison
        CertificateFile.Of(upstream.CertificateAuthorities),
        CertificateFile.Of(upstream.ClientCertificate),
        CertificateFile.Of(upstream.ClientCertificateKey));
}

internal sealed record CertificateFile(string Path, DateTime WrittenUtc)
{
    public static CertificateFile? Of(string? path) => path is null ? null : new(path, File.GetLastWriteTimeUtc(path));
}
