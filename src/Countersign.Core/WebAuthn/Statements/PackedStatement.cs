using System.Security.Cryptography.X509Certificates;

namespace Countersign.Core.WebAuthn.Statements;

/// <summary>Section 8.2.</summary>
internal static class PackedStatement
{
    public static StatementOutcome Verify(AttestedCeremony ceremony)
    {
        // "Verify that attStmt is valid CBOR conforming to the syntax defined above". ECDAA went with Level 2.
        var statement = ceremony.Statement;
        if (statement.Bytes("sig") is not { } signature
            || !(statement.Has("x5c") ? statement.Is("alg", "sig", "x5c") : statement.Is("alg", "sig")))
        {
            return WebAuthnError.AttestationStatementMalformed;
        }

        if (statement.Algorithm("alg") is not { } algorithm || algorithm == CoseAlgorithm.RS1)
        {
            return WebAuthnError.AttestationAlgorithmMismatch;
        }

        return statement.Has("x5c")
            ? Certified(ceremony, algorithm, signature)
            : Self(ceremony, algorithm, signature);
    }

    // "If x5c is not present, self attestation is in use."
    private static StatementOutcome Self(AttestedCeremony ceremony, CoseAlgorithm algorithm, byte[] signature)
    {
        // "Validate that alg matches the algorithm of the credentialPublicKey in authenticatorData."
        if (algorithm != ceremony.Key.Algorithm)
        {
            return WebAuthnError.AttestationAlgorithmMismatch;
        }

        return ceremony.Key.Verifies(ceremony.SignedBytes, signature)
            ? new StatementOutcome(WebAuthnError.None, AttestationType.Self)
            : WebAuthnError.AttestationSignatureInvalid;
    }

    private static StatementOutcome Certified(AttestedCeremony ceremony, CoseAlgorithm algorithm, byte[] signature)
    {
        if (ceremony.Statement.Certificates("x5c") is not { } certificates)
        {
            return WebAuthnError.AttestationStatementMalformed;
        }

        if (!CertificatePath.TryRead(certificates, out var path))
        {
            return WebAuthnError.AttestationCertificateInvalid;
        }

        return new(CheckCertified(ceremony, algorithm, signature, path), AttestationType.Basic, path);
    }

    private static WebAuthnError CheckCertified(AttestedCeremony ceremony, CoseAlgorithm algorithm, byte[] signature, CertificatePath path)
    {
        if (!algorithm.Fits(path.Key.Type))
        {
            return WebAuthnError.AttestationAlgorithmMismatch;
        }

        // "Verify that sig is a valid signature over the concatenation of authenticatorData and clientDataHash using the
        // attestation public key in attestnCert with the algorithm specified in alg."
        if (!path.Key.Verifies(algorithm, ceremony.SignedBytes, signature))
        {
            return WebAuthnError.AttestationSignatureInvalid;
        }

        // "Verify that attestnCert meets the requirements in 8.2.1."
        return path.IsEndEntity && HasRequiredSubject(path.Leaf)
            ? path.CheckAaguid(ceremony.Credential.Aaguid)
            : WebAuthnError.AttestationCertificateInvalid;
    }

    // 8.2.1: Subject-C an ISO 3166 code, Subject-O the vendor, Subject-OU literally "Authenticator Attestation", Subject-CN a
    // string of the vendor's choice.
    private static bool HasRequiredSubject(X509Certificate2 certificate)
    {
        var subject = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in certificate.SubjectName.EnumerateRelativeDistinguishedNames())
        {
            if (name.HasMultipleElements || !subject.TryAdd(name.GetSingleElementType().Value!, name.GetSingleElementValue() ?? ""))
            {
                return false;
            }
        }

        return subject.TryGetValue("2.5.4.6", out var country) && country is { Length: 2 } && country.All(char.IsAsciiLetterUpper)
            && subject.TryGetValue("2.5.4.10", out var organisation) && organisation.Length > 0
            && subject.TryGetValue("2.5.4.11", out var unit) && unit == "Authenticator Attestation"
            && subject.TryGetValue("2.5.4.3", out var commonName) && commonName.Length > 0;
    }
}
