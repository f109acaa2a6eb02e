using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Countersign.Server.Tests.SoftwareSecurityKeys;

/// <summary>A maker of security keys: a root, and the attestation key and certificate of one model.</summary>
internal sealed class SecurityKeyMaker
{
    public static readonly Guid Model = new("ee882879-721c-4913-9775-3dfcce97072a");

    private readonly string folder;

    private SecurityKeyMaker(string folder, Guid model, string rootPem) => (this.folder, Aaguid, RootPem) = (folder, model, rootPem);

    public Guid Aaguid { get; }

    /// <summary>For a file in the folder of <c>WebAuthn:AttestationRoots</c>.</summary>
    public string RootPem { get; }

    public IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string>
    {
        ["SOFTSK_ATTEST_KEY"] = Path.Combine(folder, "attest.pem"),
        ["SOFTSK_ATTEST_CERT"] = Path.Combine(folder, "attest.der"),
        ["SOFTSK_AAGUID"] = Aaguid.ToString("N"),
    };

    /// <param name="folder">For its files; made when it is not there.</param>
    /// <param name="now">The certificates are good around then.</param>
    /// <param name="model">The model that it makes.</param>
    public static SecurityKeyMaker Make(string folder, DateTimeOffset now, Guid? model = null)
    {
        Directory.CreateDirectory(folder);
        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var rootRequest = new CertificateRequest("CN=Test Maker Root", rootKey, HashAlgorithmName.SHA256);
        rootRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var root = rootRequest.CreateSelfSigned(now.AddYears(-5), now.AddYears(5));

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("C=SE, O=Test Maker, OU=Authenticator Attestation, CN=Batch 1", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(AaguidExtension(model ?? Model));
        using var certificate = request.Create(root, now.AddYears(-1), now.AddYears(1), RandomNumberGenerator.GetBytes(8));
        File.WriteAllText(Path.Combine(folder, "attest.pem"), key.ExportPkcs8PrivateKeyPem());
        File.WriteAllBytes(Path.Combine(folder, "attest.der"), certificate.RawData);
        return new(folder, model ?? Model, root.ExportCertificatePem());
    }

    private static X509Extension AaguidExtension(Guid model)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        writer.WriteOctetString(model.ToByteArray(bigEndian: true));
        return new("1.3.6.1.4.1.45724.1.1.4", writer.Encode(), critical: false);
    }
}
