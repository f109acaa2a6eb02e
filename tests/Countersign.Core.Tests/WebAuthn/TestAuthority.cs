using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Countersign.Core.Tests.WebAuthn;

/// <summary>What an attestation certificate looks like; the defaults are right for the packed format.</summary>
internal sealed record CertificateShape
{
    public string Subject { get; init; } = "C=SE, O=Test Keys, OU=Authenticator Attestation, CN=Batch 1";

    /// <summary>Null: no Basic Constraints at all.</summary>
    public bool? IsAuthority { get; init; } = false;

    public IReadOnlyList<X509Extension> Extensions { get; init; } = [];

    public DateTimeOffset NotBefore { get; init; } = TestAuthority.Now.AddYears(-1);

    public DateTimeOffset NotAfter { get; init; } = TestAuthority.Now.AddYears(1);
}

/// <summary>A CA of the tests' own, and certificates by it.</summary>
internal sealed class TestAuthority
{
    public static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    public static readonly TestAuthority Trusted = new("CN=Trusted Root");
    public static readonly TestAuthority Stranger = new("CN=Trusted Root"); // the same name, another key

    /// <summary>The key of attestation certificates.</summary>
    public static readonly ECDsa BatchKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    private static long serial = 1;

    private readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 certificate;

    private TestAuthority(string name)
    {
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        certificate = request.CreateSelfSigned(Now.AddYears(-10), Now.AddYears(10));
    }

    public byte[] Root => certificate.RawData;

    public byte[] Issue(CertificateShape shape, AsymmetricAlgorithm? subjectKey = null)
    {
        var request = RequestFor(shape, subjectKey ?? BatchKey);
        using var issued = request.Create(
            certificate.SubjectName, X509SignatureGenerator.CreateForECDsa(key), shape.NotBefore, shape.NotAfter, BitConverter.GetBytes(++serial));
        return issued.RawData;
    }

    /// <summary>A certificate by the key of another certificate, as an attacker with an authenticator's key would make it.</summary>
    public static byte[] IssueBy(byte[] issuer, ECDsa issuerKey, CertificateShape shape, AsymmetricAlgorithm subjectKey)
    {
        using var parent = X509CertificateLoader.LoadCertificate(issuer);
        using var issued = RequestFor(shape, subjectKey).Create(
            parent.SubjectName, X509SignatureGenerator.CreateForECDsa(issuerKey), shape.NotBefore, shape.NotAfter, BitConverter.GetBytes(++serial));
        return issued.RawData;
    }

    public static X509Extension AaguidExtension(byte[] aaguid, bool critical = false)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        writer.WriteOctetString(aaguid);
        return new("1.3.6.1.4.1.45724.1.1.4", writer.Encode(), critical);
    }

    private static CertificateRequest RequestFor(CertificateShape shape, AsymmetricAlgorithm key)
    {
        var subject = new X500DistinguishedName(shape.Subject);
        var request = key is RSA rsa
            ? new CertificateRequest(subject, rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            : new CertificateRequest(subject, (ECDsa)key, HashAlgorithmName.SHA256);
        if (shape.IsAuthority is { } authority)
        {
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(authority, false, 0, true));
        }

        foreach (var extension in shape.Extensions)
        {
            request.CertificateExtensions.Add(extension);
        }

        return request;
    }
}
