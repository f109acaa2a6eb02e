using System.Diagnostics.CodeAnalysis;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Countersign.Core.WebAuthn.Statements;

/// <summary>The certificates of a statement: the attestation certificate, and what leads from it towards a root.</summary>
internal sealed class CertificatePath : IDisposable
{
    private const string AaguidExtension = "1.3.6.1.4.1.45724.1.1.4"; // id-fido-gen-ce-aaguid

    // What the Basic Constraints say; null where there are none.
    private readonly bool? isAuthority;

    private CertificatePath(X509Certificate2[] certificates, VerificationKey key)
    {
        Leaf = certificates[0];
        Rest = certificates[1..];
        Key = key;
        isAuthority = Leaf.Extensions.OfType<X509BasicConstraintsExtension>().SingleOrDefault()?.CertificateAuthority;
    }

    public X509Certificate2 Leaf { get; }

    public IReadOnlyList<X509Certificate2> Rest { get; }

    /// <summary>The key of the attestation certificate.</summary>
    public VerificationKey Key { get; }

    public static bool TryRead(IReadOnlyList<byte[]> encoded, [NotNullWhen(true)] out CertificatePath? path)
    {
        path = null;
        var certificates = new List<X509Certificate2>();
        try
        {
            foreach (var der in encoded)
            {
                certificates.Add(Load(der));
            }

            if (HasUniqueExtensions(certificates[0]) && VerificationKey.From(certificates[0].PublicKey) is { } key)
            {
                path = new([.. certificates], key);
                return true;
            }
        }
        catch (Exception e) when (e is CryptographicException or AsnContentException)
        {
        }
        finally
        {
            if (path is null)
            {
                certificates.ForEach(certificate => certificate.Dispose());
            }
        }

        return false;
    }

    /// <summary>The certificate of exactly these bytes. The framework's loader also takes PEM, and bytes behind the end.</summary>
    /// <exception cref="CryptographicException">They are no certificate.</exception>
    /// <exception cref="AsnContentException">They are no DER.</exception>
    public static X509Certificate2 Load(byte[] der)
    {
        var reader = new AsnReader(der, AsnEncodingRules.DER);
        reader.ReadSequence();
        reader.ThrowIfNotEmpty();
        return X509CertificateLoader.LoadCertificate(der);
    }

    /// <summary>8.2.1 and 8.3.1: version 3, and "the Basic Constraints extension MUST have the CA component set to false".</summary>
    public bool IsEndEntity => Leaf.Version == 3 && isAuthority == false;

    /// <summary>For formats that ask for no Basic Constraints: a CA still attests no authenticator.</summary>
    public bool IsNoAuthority => isAuthority != true;

    /// <summary>8.2, 8.3: "If attestnCert contains an extension with OID id-fido-gen-ce-aaguid", it "MUST NOT be marked as critical" and matches.</summary>
    public WebAuthnError CheckAaguid(Aaguid aaguid)
    {
        if (Extension(AaguidExtension) is not { } extension)
        {
            return WebAuthnError.None;
        }

        if (extension.Critical || !TryOctets(extension.RawData, out var value) || value.Length != Aaguid.Length)
        {
            return WebAuthnError.AttestationCertificateInvalid;
        }

        return Aaguid.Read(value) == aaguid ? WebAuthnError.None : WebAuthnError.AttestationAaguidMismatch;
    }

    public X509Extension? Extension(string oid) => Leaf.Extensions[oid];

    public void Dispose()
    {
        Leaf.Dispose();
        foreach (var certificate in Rest)
        {
            certificate.Dispose();
        }
    }

    // RFC 5280 section 4.2: "A certificate MUST NOT include more than one instance of a particular extension."
    private static bool HasUniqueExtensions(X509Certificate2 certificate) =>
        certificate.Extensions.DistinctBy(extension => extension.Oid?.Value).Count() == certificate.Extensions.Count;

    private static bool TryOctets(byte[] encoded, out byte[] value)
    {
        value = [];
        try
        {
            var reader = new AsnReader(encoded, AsnEncodingRules.DER);
            value = reader.ReadOctetString();
            return !reader.HasData;
        }
        catch (AsnContentException)
        {
            return false;
        }
    }
}
