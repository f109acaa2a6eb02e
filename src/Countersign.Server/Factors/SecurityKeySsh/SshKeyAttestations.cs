using Countersign.Core.Identities;
using Countersign.Core.SshKeys;
using Countersign.Server.Factors.WebAuthn;
using Countersign.Server.People;

namespace Countersign.Server.Factors.SecurityKeySsh;

/// <summary>What was verified of a key: in which model it is, and who vouches for that.</summary>
/// <param name="Root">Hexadecimal SHA-256 of the configured root.</param>
internal sealed record SshKeyAttested(Guid Aaguid, string Root);

/// <summary>Verifies what a security key attests of an SSH key, to the roots and models that passkeys are judged by.</summary>
internal sealed class SshKeyAttestations(AttestationChallenges challenges, PasskeyPolicy policy, TimeProvider clock)
{
    /// <summary>Spends the challenge that it answers.</summary>
    public async Task<Result<SshKeyAttested>> VerifyAsync(PrincipalId person, SshPublicKey key, ReadOnlyMemory<byte> file)
    {
        if (!SshAttestation.TryParse(file, out var attestation))
        {
            return RefusalOf(SshAttestationFault.NotOne);
        }

        var fault = attestation.Check(key);
        if (fault != SshAttestationFault.None)
        {
            return RefusalOf(fault);
        }

        fault = SshAttestationFault.NoChallenge;
        foreach (var challenge in challenges.OpenOf(person))
        {
            (var attested, fault) = attestation.Verify(key, challenge.File, policy.Trust, clock.GetUtcNow());
            if (attested is { RootSha256: { } root })
            {
                return await challenges.TakeAsync(person, challenge) ? new SshKeyAttested(attestation.Model.Value, root) : RefusalOf(SshAttestationFault.NoChallenge);
            }

            if (fault != SshAttestationFault.NoChallenge)
            {
                break;
            }
        }

        return RefusalOf(fault);
    }

    private static Refusal RefusalOf(SshAttestationFault fault) => new("bad_attestation", fault switch
    {
        SshAttestationFault.NoSecurityKey => "Only keys in a security key have an attestation. Add this key without one.",
        SshAttestationFault.NoCertificate => "This security key attests nothing of itself. Add the key without the attestation.",
        SshAttestationFault.OtherKey => "The attestation is of another key. Take the .pub file and the attestation of the same ssh-keygen.",
        SshAttestationFault.NoChallenge => "The attestation answers no open challenge of yours: each is good for one key and for an hour. Download a new challenge and make a new key with it.",
        SshAttestationFault.BadCertificate => "The certificate in the attestation is not one of a security key. Add the key without the attestation.",
        SshAttestationFault.NotTrusted => "This gateway does not know that model of security key as one that it trusts. Add the key without the attestation, or ask an administrator.",
        _ => "That is no attestation: take the file that ssh-keygen -O write-attestation=FILE wrote.",
    });
}
