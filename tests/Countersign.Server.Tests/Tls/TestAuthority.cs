using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Countersign.Server.Tests.Tls;

/// <summary>A certification authority of the test's own, and the PEM files that it hands out.</summary>
internal sealed class TestAuthority : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("countersign-tls-");
    private readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 root;
    private int count;

    public TestAuthority()
    {
        var request = new CertificateRequest("CN=Countersign test authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        root = request.CreateSelfSigned(Now.AddDays(-1), Now.AddDays(30));
        File.WriteAllText(RootFile, root.ExportCertificatePem());
        Issue();
    }

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    public string RootFile => Path.Combine(folder.FullName, "root.pem");

    public string ChainFile => Path.Combine(folder.FullName, "chain.pem");

    public string KeyFile => Path.Combine(folder.FullName, "key.pem");

    /// <summary>The gateway's HTTPS on a free port with this authority's files.</summary>
    public GatewayOptions Serve(GatewayOptions options)
    {
        var port = Fixtures.GatewayFixture.FreePort();
        return options with { Https = new(IPAddress.Loopback, port), Certificate = ChainFile, CertificateKey = KeyFile, Url = new($"https://localhost:{port}") };
    }

    /// <summary>A new certificate for localhost in place of the one before. Returns its serial number.</summary>
    public string Issue()
    {
        var (chain, newKey, serial) = Make();
        File.WriteAllText(ChainFile, chain);
        File.WriteAllText(KeyFile, newKey);
        return serial;
    }

    public (string Chain, string Key, string Serial) Make()
    {
        using var leafKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", leafKey, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        using var leaf = request.Create(root, Now.AddHours(-1), Now.AddDays(20), [0x11, (byte)++count]);
        return (leaf.ExportCertificatePem() + "\n", leafKey.ExportPkcs8PrivateKeyPem(), leaf.SerialNumber);
    }

    public void Dispose()
    {
        root.Dispose();
        key.Dispose();
        folder.Delete(recursive: true);
    }
}
