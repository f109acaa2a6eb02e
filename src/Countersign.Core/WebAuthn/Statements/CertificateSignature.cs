using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;

namespace Countersign.Core.WebAuthn.Statements;

/// <summary>Whether a certificate is signed with its own key (RFC 5280 section 3.2).</summary>
internal static class CertificateSignature
{
    public static bool IsSelfSigned(X509Certificate2 certificate)
    {
        try
        {
            var sequence = new AsnReader(certificate.RawDataMemory, AsnEncodingRules.DER).ReadSequence();
            var signed = sequence.ReadEncodedValue();
            var algorithm = sequence.ReadSequence().ReadObjectIdentifier();
            var signature = sequence.ReadBitString(out var unusedBits);
            return unusedBits == 0 && Verifies(certificate.PublicKey, algorithm, signed.Span, signature);
        }
        catch (AsnContentException)
        {
            return false;
        }
    }

    private static bool Verifies(PublicKey publicKey, string algorithm, ReadOnlySpan<byte> signed, ReadOnlySpan<byte> signature) =>
        VerificationKey.From(publicKey) is { } key && key.VerifiesCertificate(algorithm, signed, signature);
}
