using System.Security.Cryptography;

namespace Countersign.Core.WebAuthn;

/// <summary>What an assertion is checked against; from the server's own state, never from the request.</summary>
/// <param name="RelyingParty">Who asked.</param>
/// <param name="Challenge">The bytes that were given out; single use is the caller's to keep.</param>
/// <param name="Credential">The record of the credential that the response names, looked up among those of <paramref name="UserHandle"/>'s owner.</param>
/// <param name="UserHandle">The user handle of the person whose credential that is.</param>
public sealed record AuthenticationExpectation(
    RelyingParty RelyingParty, ReadOnlyMemory<byte> Challenge, CredentialRecord Credential, ReadOnlyMemory<byte> UserHandle)
{
    public bool RequireUserVerification { get; init; } = true;

    /// <summary>
    /// Set where nobody was identified before the ceremony (sign-in by passkey alone): the response must then say who it is.
    /// </summary>
    public bool RequireUserHandle { get; init; }

    /// <summary>The ids that were asked for; empty where any credential of the person was welcome.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> AllowedCredentials { get; init; } = [];
}

/// <summary>The record as it is after the ceremony, or why it failed.</summary>
/// <param name="Error">None if the assertion is the credential's.</param>
/// <param name="Credential">To be stored only if the stored sign count is still the one that was verified against.</param>
public sealed record AuthenticationResult(WebAuthnError Error, CredentialRecord? Credential)
{
    public bool UserVerified { get; init; }

    public static implicit operator AuthenticationResult(WebAuthnError error) => new(error, null);
}

/// <summary>WebAuthn Level 3 section 7.2 from step 5 on. That the challenge is used once is the caller's.</summary>
public static class AuthenticationCeremony
{
    /// <summary>Never throws for anything in the response.</summary>
    public static AuthenticationResult Verify(AuthenticationExpectation expected, AuthenticationResponse response)
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

    private static AuthenticationResult VerifySteps(AuthenticationExpectation expected, AuthenticationResponse response)
    {
        // Step 5: "If options.allowCredentials is not empty, verify that credential.id identifies one of" them. And the record is its.
        var id = response.Id;
        if (!expected.Credential.Id.Span.SequenceEqual(id.Span)
            || (expected.AllowedCredentials.Count > 0 && !expected.AllowedCredentials.Any(allowed => allowed.Span.SequenceEqual(id.Span))))
        {
            return WebAuthnError.CredentialNotAllowed;
        }

        // Step 6: "verify that response.userHandle equals the user handle of the user account"; it must be there where nobody was
        // identified before.
        if (response.UserHandle is { } handle
            ? !handle.Span.SequenceEqual(expected.UserHandle.Span)
            : expected.RequireUserHandle)
        {
            return response.UserHandle is null ? WebAuthnError.UserHandleMissing : WebAuthnError.UserHandleMismatch;
        }

        // Steps 8 and 9: "UTF-8 decode", and parse.
        if (!CollectedClientData.TryParse(response.ClientDataJson, out var client))
        {
            return WebAuthnError.ClientDataMalformed;
        }

        // Steps 10 to 14.
        if (client.Check(CollectedClientData.Get, expected.Challenge.Span, expected.RelyingParty) is var mismatch and not WebAuthnError.None)
        {
            return mismatch;
        }

        if (!AuthenticatorData.TryParse(response.AuthenticatorData, out var data))
        {
            return WebAuthnError.AuthenticatorDataMalformed;
        }

        // Section 6.3.3 step 10: an assertion's authenticator data are made "excluding attestedCredentialData".
        if (data.Credential is not null)
        {
            return WebAuthnError.AttestedCredentialUnexpected;
        }

        // Steps 15 to 18.
        return CeremonyChecks.Data(data, expected.RelyingParty, expected.RequireUserVerification) is var refused and not WebAuthnError.None
            ? refused
            : VerifySignature(expected, response, data);
    }

    private static AuthenticationResult VerifySignature(
        AuthenticationExpectation expected, AuthenticationResponse response, AuthenticatorData data)
    {
        var record = expected.Credential;
        // Step 19: "If credentialRecord.backupEligible is set, verify that currentBe is set", and if it is not set, that it is not.
        if (data.Has(AuthenticatorFlags.BackupEligible) != record.BackupEligible)
        {
            return WebAuthnError.BackupEligibilityChanged;
        }

        if (!CoseKey.TryParse(record.PublicKey, out var key) || key.Algorithm != record.Algorithm)
        {
            return WebAuthnError.PublicKeyInvalid; // the store was damaged or tampered with
        }

        // An algorithm that was given up later is given up for the keys that exist, too.
        if (!expected.RelyingParty.Algorithms.Contains(key.Algorithm))
        {
            return WebAuthnError.AlgorithmNotOffered;
        }

        // Steps 20 and 21: "Using credentialRecord.publicKey, verify that sig is a valid signature over the binary concatenation
        // of authData and hash."
        byte[] signed = [.. data.Bytes.Span, .. SHA256.HashData(response.ClientDataJson.Span)];
        if (!key.Verifies(signed, response.Signature.Span))
        {
            return WebAuthnError.SignatureInvalid;
        }

        // Step 22: "If authData.signCount is nonzero or credentialRecord.signCount is nonzero": a counter that fell back to 0
        // must fail too.
        if ((data.SignCount != 0 || record.SignCount != 0) && data.SignCount <= record.SignCount)
        {
            return WebAuthnError.SignCountNotIncreased;
        }

        // Step 24. uvInitialized stays: to set it "SHOULD require authorization by an additional authentication factor".
        return new(WebAuthnError.None, record with { SignCount = data.SignCount, BackupState = data.Has(AuthenticatorFlags.BackupState) })
        {
            UserVerified = data.Has(AuthenticatorFlags.UserVerified),
        };
    }
}
