using System.Formats.Asn1;
using System.Security.Cryptography;
using Countersign.Core.WebAuthn.Statements;

namespace Countersign.Core.WebAuthn;

/// <summary>7.1 steps 22 to 25: picks the format's procedure, and judges what it proved.</summary>
public static class AttestationVerifier
{
    /// <returns>The attestation, and None; or null and the first error.</returns>
    public static (Attestation? Attestation, WebAuthnError Error) Verify(
        AttestationObject attestation, AuthenticatorData data, CoseKey key, byte[] clientDataHash, AttestationTrust trust, DateTimeOffset now)
    {
        if (data.Credential is not { } credential)
        {
            return (null, WebAuthnError.AttestedCredentialMissing);
        }

        var ceremony = new AttestedCeremony(attestation.Statement, data, credential, key, clientDataHash);
        try
        {
            var outcome = VerifyStatement(attestation.Format, ceremony);
            using var path = outcome.Path;
            return outcome.Error == WebAuthnError.None
                ? (Judge(attestation.Format, outcome, credential.Aaguid, trust, now), WebAuthnError.None)
                : (null, outcome.Error);
        }
        catch (Exception e) when (e is CryptographicException or AsnContentException)
        {
            return (null, WebAuthnError.AttestationCertificateInvalid); // the framework decodes parts of a certificate only when asked
        }
    }

    // Step 22: "a USASCII case-sensitive match on fmt against the set of supported [...] identifier values".
    private static StatementOutcome VerifyStatement(string format, AttestedCeremony ceremony) => format switch
    {
        "none" => NoneStatement.Verify(ceremony),
        "packed" => PackedStatement.Verify(ceremony),
        "tpm" => TpmStatement.Verify(ceremony),
        "android-key" => AndroidKeyStatement.Verify(ceremony),
        "fido-u2f" => FidoU2fStatement.Verify(ceremony),
        "apple" => AppleStatement.Verify(ceremony),
        _ => WebAuthnError.AttestationFormatUnknown,
    };

    // Steps 24 and 25.
    private static Attestation Judge(string format, StatementOutcome outcome, Aaguid aaguid, AttestationTrust trust, DateTimeOffset now)
    {
        var path = outcome.Path;
        var root = path is null ? null : trust.FindRoot(path, now);
        var attested = root is not null && outcome.VouchesForModel && trust.VouchesFor(root, aaguid);
        var thumbprint = root is null ? null : Convert.ToHexStringLower(SHA256.HashData(root.RawDataMemory.Span));
        return new(format, outcome.Type, thumbprint, attested);
    }
}
