using System.Formats.Asn1;
using System.Security.Cryptography;

namespace Countersign.Core.WebAuthn.Statements;

/// <summary>Section 8.8. There is no signature in the statement: the certificate was made for this ceremony, so only its chain proves anything.</summary>
internal static class AppleStatement
{
    private const string NonceExtension = "1.2.840.113635.100.8.2";

    public static StatementOutcome Verify(AttestedCeremony ceremony)
    {
        // Apple's own devices also send alg, which the syntax does not have: taken if it tells the truth.
        var statement = ceremony.Statement;
        if (!(statement.Is("x5c") || statement.Is("alg", "x5c")) || statement.Certificates("x5c") is not { } certificates)
        {
            return WebAuthnError.AttestationStatementMalformed;
        }

        if (statement.Has("alg") && statement.Algorithm("alg") != ceremony.Key.Algorithm)
        {
            return WebAuthnError.AttestationAlgorithmMismatch;
        }

        if (!CertificatePath.TryRead(certificates, out var path))
        {
            return WebAuthnError.AttestationCertificateInvalid;
        }

        return new(Check(ceremony, path), AttestationType.AnonCA, path);
    }

    private static WebAuthnError Check(AttestedCeremony ceremony, CertificatePath path)
    {
        if (!path.IsNoAuthority)
        {
            return WebAuthnError.AttestationCertificateInvalid;
        }

        // "Perform SHA-256 hash of nonceToHash to produce nonce. Verify that nonce equals the value of the extension".
        var nonce = SHA256.HashData(ceremony.SignedBytes);
        if (path.Extension(NonceExtension) is not { } extension || NonceOf(extension.RawData) is not { } attested
            || !attested.AsSpan().SequenceEqual(nonce))
        {
            return WebAuthnError.AttestationCeremonyMismatch;
        }

        // "Verify that the credential public key equals the Subject Public Key of credCert."
        return path.Key.IsSameAs(ceremony.Key.Key) ? WebAuthnError.None : WebAuthnError.AttestationKeyMismatch;
    }

    // SEQUENCE { [1] EXPLICIT OCTET STRING }
    private static byte[]? NonceOf(byte[] encoded)
    {
        try
        {
            var outer = new AsnReader(encoded, AsnEncodingRules.DER);
            var sequence = outer.ReadSequence();
            var tagged = sequence.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 1, isConstructed: true));
            var nonce = tagged.ReadOctetString();
            return outer.HasData || sequence.HasData || tagged.HasData ? null : nonce;
        }
        catch (AsnContentException)
        {
            return null;
        }
    }
}
