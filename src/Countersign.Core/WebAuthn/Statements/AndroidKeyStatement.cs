namespace Countersign.Core.WebAuthn.Statements;

/// <summary>Section 8.4.</summary>
internal static class AndroidKeyStatement
{
    public static StatementOutcome Verify(AttestedCeremony ceremony)
    {
        var statement = ceremony.Statement;
        if (!statement.Is("alg", "sig", "x5c") || statement.Bytes("sig") is not { } signature
            || statement.Certificates("x5c") is not { } certificates)
        {
            return WebAuthnError.AttestationStatementMalformed;
        }

        if (statement.Algorithm("alg") is not { } algorithm || algorithm != ceremony.Key.Algorithm)
        {
            return WebAuthnError.AttestationAlgorithmMismatch;
        }

        if (!CertificatePath.TryRead(certificates, out var path))
        {
            return WebAuthnError.AttestationCertificateInvalid;
        }

        var description = AndroidKeyDescription.Read(path.Extension(AndroidKeyDescription.Oid)?.RawData);
        return new(Check(ceremony, signature, path, description), AttestationType.Basic, path)
        {
            VouchesForModel = description?.IsInHardware == true,
        };
    }

    private static WebAuthnError Check(AttestedCeremony ceremony, byte[] signature, CertificatePath path, AndroidKeyDescription? description)
    {
        if (!path.IsNoAuthority || description is null)
        {
            return WebAuthnError.AttestationCertificateInvalid;
        }

        // "Verify that the public key in the first certificate in x5c matches the credentialPublicKey".
        if (!path.Key.IsSameAs(ceremony.Key.Key))
        {
            return WebAuthnError.AttestationKeyMismatch;
        }

        // "Verify that sig is a valid signature over the concatenation of authenticatorData and clientDataHash using the public
        // key in the first certificate in x5c with the algorithm specified in alg."
        if (!ceremony.Key.Verifies(ceremony.SignedBytes, signature))
        {
            return WebAuthnError.AttestationSignatureInvalid;
        }

        // "Verify that the attestationChallenge field in the attestation certificate extension data is identical to clientDataHash."
        if (!description.Challenge.AsSpan().SequenceEqual(ceremony.ClientDataHash))
        {
            return WebAuthnError.AttestationCeremonyMismatch;
        }

        return description.IsForSigningHere ? WebAuthnError.None : WebAuthnError.AndroidAuthorizationInvalid;
    }
}
