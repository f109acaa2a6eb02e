using System.Security.Cryptography;

namespace Countersign.Core.WebAuthn.Statements;

/// <summary>Section 8.3.</summary>
internal static class TpmStatement
{
    public static StatementOutcome Verify(AttestedCeremony ceremony)
    {
        var statement = ceremony.Statement;
        if (!statement.Is("ver", "alg", "x5c", "sig", "certInfo", "pubArea") || statement.Text("ver") != "2.0"
            || statement.Bytes("sig") is not { } signature || statement.Bytes("certInfo") is not { } certInfo
            || statement.Bytes("pubArea") is not { } pubArea || statement.Certificates("x5c") is not { } certificates)
        {
            return WebAuthnError.AttestationStatementMalformed;
        }

        // extraData is a hash "using the hash algorithm employed in alg", so alg must have one.
        if (statement.Algorithm("alg") is not { } algorithm || algorithm.Hash() is not { } hash)
        {
            return WebAuthnError.AttestationAlgorithmMismatch;
        }

        if (CheckCertified(ceremony, hash, certInfo, pubArea) is var error and not WebAuthnError.None)
        {
            return error;
        }

        if (!CertificatePath.TryRead(certificates, out var path))
        {
            return WebAuthnError.AttestationCertificateInvalid;
        }

        return new(CheckSigned(ceremony, algorithm, signature, certInfo, path), AttestationType.AttCA, path)
        {
            VouchesForModel = algorithm != CoseAlgorithm.RS1,
        };
    }

    private static WebAuthnError CheckCertified(AttestedCeremony ceremony, HashAlgorithmName hash, byte[] certInfo, byte[] pubArea)
    {
        // "Verify that the public key specified by the parameters and unique fields of pubArea is identical to the
        // credentialPublicKey in the attestedCredentialData in authenticatorData."
        if (TpmPublicArea.Read(pubArea) is not { } area || !area.Key.IsSameAs(ceremony.Key.Key))
        {
            return WebAuthnError.AttestationKeyMismatch;
        }

        if (TpmCertifyInfo.Read(certInfo) is not { } info)
        {
            return WebAuthnError.TpmCertificationInvalid;
        }

        // "Verify that extraData is set to the hash of attToBeSigned using the hash algorithm employed in alg."
        if (!info.ExtraData.AsSpan().SequenceEqual(CryptographicOperations.HashData(hash, ceremony.SignedBytes)))
        {
            return WebAuthnError.AttestationCeremonyMismatch;
        }

        // "Verify that attested contains a TPMS_CERTIFY_INFO structure [...] whose name field contains a valid Name for pubArea".
        return info.Name.AsSpan().SequenceEqual(area.Name) ? WebAuthnError.None : WebAuthnError.TpmCertificationInvalid;
    }

    private static WebAuthnError CheckSigned(
        AttestedCeremony ceremony, CoseAlgorithm algorithm, byte[] signature, byte[] certInfo, CertificatePath path)
    {
        if (!algorithm.Fits(path.Key.Type))
        {
            return WebAuthnError.AttestationAlgorithmMismatch;
        }

        // "Verify the sig is a valid signature over certInfo using the attestation public key in aikCert with the algorithm
        // specified in alg."
        if (!path.Key.Verifies(algorithm, certInfo, signature))
        {
            return WebAuthnError.AttestationSignatureInvalid;
        }

        // "Verify that aikCert meets the requirements in 8.3.1."
        return path.IsEndEntity && TpmCertificate.MeetsRequirements(path.Leaf)
            ? path.CheckAaguid(ceremony.Credential.Aaguid)
            : WebAuthnError.AttestationCertificateInvalid;
    }
}
