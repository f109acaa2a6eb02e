using Countersign.Core.Identities;
using Countersign.Core.WebAuthn;

namespace Countersign.Server.Factors.WebAuthn;

/// <summary>A verified assertion, its counter stored and its ceremony used up.</summary>
internal sealed record AcceptedAssertion(Passkey Passkey, AuthenticationResponse Response, Ceremony Ceremony);

/// <summary>Begins and verifies assertions, for sign-in, step-up and approval alike.</summary>
internal sealed class Assertions(Ceremonies ceremonies, Passkeys passkeys, PasskeyPolicy policy)
{
    /// <param name="binding">What the assertion will be good for.</param>
    /// <param name="digest">What the signature will cover; "" where there is no operation.</param>
    /// <param name="allow">The person's passkeys; empty for whichever the device offers.</param>
    public async Task<string> BeginAsync(CeremonyBinding binding, string digest, IReadOnlyList<Passkey> allow)
    {
        var ceremony = await ceremonies.BeginAsync(binding, digest);
        return new RequestOptions(policy.RelyingParty, ceremony.Challenge, [.. allow.Select(passkey => CredentialDescriptor.Of(passkey.Record))]).ToJson();
    }

    /// <summary>The assertion, or why it was refused.</summary>
    /// <param name="binding">What it must have been begun for.</param>
    /// <param name="digest">What it must cover.</param>
    /// <param name="json">The browser's answer.</param>
    /// <param name="person">Whose it must be; null where the assertion itself says who signs in.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<(AcceptedAssertion? Accepted, WebAuthnError Error)> VerifyAsync(
        CeremonyBinding binding, string digest, string json, PrincipalId? person, CancellationToken cancellation)
    {
        if (!policy.IsAvailable || !AuthenticationResponse.TryParse(json, out var response) || !CollectedClientData.TryParse(response.ClientDataJson, out var client))
        {
            return (null, WebAuthnError.Malformed);
        }

        // Taken before anything is looked at: an answer is tried once.
        if (await ceremonies.TakeAsync(binding, client.Challenge) is not { } ceremony || ceremony.Digest != digest)
        {
            return (null, WebAuthnError.ChallengeMismatch);
        }

        // A valid assertion of somebody else proves nothing about this person (CVE-2025-26788).
        var passkey = await passkeys.FindAsync(response.Id, cancellation);
        if (passkey is null || (person is { } owner && passkey.Person != owner) || !policy.Accepts(passkey.Record))
        {
            return (null, WebAuthnError.CredentialNotAllowed);
        }

        var result = AuthenticationCeremony.Verify(
            new(policy.RelyingParty, ceremony.Challenge, passkey.Record, Passkeys.HandleOf(passkey.Person)) { RequireUserHandle = person is null }, response);
        if (result.Credential is not { } after)
        {
            return (null, result.Error);
        }

        return await passkeys.AcceptAsync(passkey, after, cancellation)
            ? (new(passkey, response, ceremony), WebAuthnError.None)
            : (null, WebAuthnError.SignCountNotIncreased);
    }
}
