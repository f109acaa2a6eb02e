using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Countersign.Server.Tests.Upstreams.SmartHttp;

/// <summary>A private certificate authority, with its PEM file.</summary>
internal sealed class Authority : IDisposable
{
    private readonly X509Certificate2 root;

    public Authority(string folder, string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN=authority {name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        root = request.CreateSelfSigned(Now.AddDays(-1), Now.AddDays(30));
        File = Path.Combine(folder, $"{name}-{Path.GetRandomFileName()}.pem");
        System.IO.File.WriteAllText(File, root.ExportCertificatePem());
    }

    public string File { get; }

    public X509Certificate2 Issue(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        if (IPAddress.TryParse(name, out var address))
        {
            names.AddIpAddress(address);
        }
        else
        {
            names.AddDnsName(name);
        }

        request.CertificateExtensions.Add(names.Build());
        using var bare = request.Create(root, Now.AddDays(-1), Now.AddDays(20), RandomNumberGenerator.GetBytes(8));
        using var whole = bare.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(whole.Export(X509ContentType.Pkcs12), null, X509KeyStorageFlags.Exportable);
    }

    public void Dispose() => root.Dispose();

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();
}
