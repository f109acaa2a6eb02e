namespace Countersign.Core.WebAuthn.Statements;

/// <summary>Section 8.6.</summary>
internal static class FidoU2fStatement
{
    public static StatementOutcome Verify(AttestedCeremony ceremony)
    {
        var statement = ceremony.Statement;
        // "Check that x5c has exactly one element and let attCert be that element."
        if (!statement.Is("sig", "x5c") || statement.Bytes("sig") is not { } signature
            || statement.Certificates("x5c") is not { Count: 1 } certificates)
        {
            return WebAuthnError.AttestationStatementMalformed;
        }

        if (!CertificatePath.TryRead(certificates, out var path))
        {
            return WebAuthnError.AttestationCertificateInvalid;
        }

        // The signature covers the key and the id, but neither the AAGUID nor the flags of the authenticator data.
        return new(Check(ceremony, signature, path), AttestationType.Basic, path) { VouchesForModel = false };
    }

    private static WebAuthnError Check(AttestedCeremony ceremony, byte[] signature, CertificatePath path)
    {
        // "If certificate public key is not an Elliptic Curve (EC) public key over the P-256 curve, terminate".
        if (path.Key.Type != KeyType.P256 || !path.IsNoAuthority)
        {
            return WebAuthnError.AttestationCertificateInvalid;
        }

        if (ceremony.Key.Algorithm != CoseAlgorithm.ES256)
        {
            return WebAuthnError.AttestationAlgorithmMismatch;
        }

        // "Let verificationData be the concatenation of (0x00 || rpIdHash || clientDataHash || credentialId || publicKeyU2F)".
        // publicKeyU2F is 0x04 || x || y, which is how a SubjectPublicKeyInfo of P-256 ends.
        byte[] verificationData =
        [
            0x00, .. ceremony.Data.RpIdHash, .. ceremony.ClientDataHash, .. ceremony.Credential.CredentialId.Span,
            .. ceremony.Key.Key.Bytes.AsSpan(^65..),
        ];
        return path.Key.Verifies(CoseAlgorithm.ES256, verificationData, signature)
            ? WebAuthnError.None
            : WebAuthnError.AttestationSignatureInvalid;
    }
}
