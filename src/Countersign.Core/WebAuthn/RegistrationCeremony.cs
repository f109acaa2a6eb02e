using System.Security.Cryptography;

namespace Countersign.Core.WebAuthn;

/// <summary>What a registration is checked against; from the server's own state, never from the request.</summary>
/// <param name="RelyingParty">Who asked.</param>
/// <param name="Challenge">The bytes that were given out; single use is the caller's to keep.</param>
/// <param name="Trust">The roots and models.</param>
/// <param name="Now">When certificates must be valid.</param>
public sealed record RegistrationExpectation(RelyingParty RelyingParty, ReadOnlyMemory<byte> Challenge, AttestationTrust Trust, DateTimeOffset Now)
{
    public bool RequireUserVerification { get; init; } = true;

    /// <summary>Refuse what does not lead to a configured root: none and self attestation too.</summary>
    public bool RequireTrustedAttestation { get; init; }

    /// <summary>Refuse credentials that may be copied to other devices.</summary>
    public bool RefuseBackupEligible { get; init; }
}

/// <summary>The new record, or why there is none.</summary>
public sealed record RegistrationResult(WebAuthnError Error, CredentialRecord? Credential)
{
    public static implicit operator RegistrationResult(WebAuthnError error) => new(error, null);
}

/// <summary>
/// WebAuthn Level 3 section 7.1 from step 5 on. Two steps are the caller's: that the challenge is used once, and that the
/// credential id is not registered yet (step 27), which only a unique index can tell.
/// </summary>
public static class RegistrationCeremony
{
    /// <summary>Never throws for anything in the response.</summary>
    public static RegistrationResult Verify(RegistrationExpectation expected, RegistrationResponse response)
    {
        try
        {
            return VerifySteps(expected, response);
        }
        catch (Exception e) when (CeremonyChecks.IsGarbage(e))
        {
            return WebAuthnError.Malformed;
        }
    }

    private static RegistrationResult VerifySteps(RegistrationExpectation expected, RegistrationResponse response)
    {
        // Steps 5 and 6: "UTF-8 decode", and parse.
        if (!CollectedClientData.TryParse(response.ClientDataJson, out var client))
        {
            return WebAuthnError.ClientDataMalformed;
        }

        // Steps 7 to 11.
        if (client.Check(CollectedClientData.Create, expected.Challenge.Span, expected.RelyingParty) is var mismatch and not WebAuthnError.None)
        {
            return mismatch;
        }

        // Step 12: "Let hash be the result of computing a hash over response.clientDataJSON using SHA-256."
        var hash = SHA256.HashData(response.ClientDataJson.Span);

        // Step 13: "Perform CBOR decoding on the attestationObject field".
        if (!AttestationObject.TryParse(response.AttestationObject, out var attestation))
        {
            return WebAuthnError.AttestationObjectMalformed;
        }

        if (!AuthenticatorData.TryParse(attestation.AuthenticatorData, out var data))
        {
            return WebAuthnError.AuthenticatorDataMalformed;
        }

        // Steps 14 to 17.
        if (CeremonyChecks.Data(data, expected.RelyingParty, expected.RequireUserVerification) is var refused and not WebAuthnError.None)
        {
            return refused;
        }

        // Step 18: backup eligibility informs the policy.
        if (expected.RefuseBackupEligible && data.Has(AuthenticatorFlags.BackupEligible))
        {
            return WebAuthnError.BackupEligibleRefused;
        }

        return data.Credential is { } credential
            ? VerifyCredential(expected, response, attestation, data, credential, hash)
            : WebAuthnError.AttestedCredentialMissing;
    }

    private static RegistrationResult VerifyCredential(
        RegistrationExpectation expected,
        RegistrationResponse response,
        AttestationObject attestation,
        AuthenticatorData data,
        AttestedCredentialData credential,
        byte[] hash)
    {
        if (!CoseKey.TryParse(credential.PublicKey, out var key))
        {
            return WebAuthnError.PublicKeyInvalid;
        }

        // Step 20: "Verify that the alg parameter in the credential public key matches" one that was offered.
        if (!expected.RelyingParty.Algorithms.Contains(key.Algorithm))
        {
            return WebAuthnError.AlgorithmNotOffered;
        }

        // Step 21: extension outputs are bounded by their parsers; none decides anything here.
        // Steps 22 to 25.
        var (attested, error) = AttestationVerifier.Verify(attestation, data, key, hash, expected.Trust, expected.Now);
        if (attested is null)
        {
            return error;
        }

        if (expected.RequireTrustedAttestation && !attested.IsTrusted)
        {
            return WebAuthnError.AttestationNotTrusted;
        }

        // Step 26: "Verify that the credentialId is <= 1023 bytes." An empty one, or another than the response names, names nothing.
        if (credential.CredentialId.Length is 0 or > WebAuthnLimits.CredentialId
            || !credential.CredentialId.Span.SequenceEqual(response.Id.Span))
        {
            return WebAuthnError.CredentialIdInvalid;
        }

        // Step 28. The record keeps copies: what it came from may be a pooled buffer.
        return new RegistrationResult(WebAuthnError.None, new(
            credential.CredentialId.ToArray(),
            credential.PublicKey.ToArray(),
            key.Algorithm,
            data.SignCount,
            data.Has(AuthenticatorFlags.UserVerified),
            response.Transports,
            data.Has(AuthenticatorFlags.BackupEligible),
            data.Has(AuthenticatorFlags.BackupState),
            credential.Aaguid,
            attested));
    }
}
