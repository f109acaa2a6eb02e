using Countersign.Core.Challenges;

namespace Countersign.Core.Policies;

/// <summary>What FIDO2 SSH keys are worth as second factor: <c>ssh_security_keys</c> in the policy file.</summary>
public sealed record SshSecurityKeys
{
    /// <summary>Signing in with one over SSH can be the second factor of one command.</summary>
    public bool Counts { get; init; } = true;

    /// <summary>Whoever signs in with one must show the PIN or the fingerprint of the security key; sshd sees to it.</summary>
    public bool VerifyRequired { get; init; } = true;

    /// <summary>What a touch without PIN or fingerprint is worth: <see cref="Strength.Basic"/>, or null for nothing.</summary>
    public Strength? TouchOnly { get; init; }

    /// <summary>How long after the sign-in a command may use it.</summary>
    public TimeSpan UseWithin { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>What it is worth, whether or not it is still to be had; null for nothing.</summary>
    public Strength? Worth(HandshakeProof proof) => (Counts, proof) switch
    {
        (false, _) => null,
        (_, { UserVerified: true, IsHardwareAttested: true }) => Strength.HardwareAttested,
        (_, { UserVerified: true }) => Strength.PhishingResistant,

        // A sign-in of before the policy asked for verification does not outlive that.
        _ => VerifyRequired ? null : TouchOnly,
    };

    /// <summary>Whether it is what is owed. Where the number is to be typed nothing was, so it never is.</summary>
    public bool Satisfies(FactorRequirement requirement, HandshakeProof proof) =>
        Worth(proof) is { } strength && requirement.IsSatisfiedBy(FactorKind.SecurityKeySsh, strength, proof.Aaguid, numberTyped: false);

    /// <summary>Unspent, and of just now. One from the future is not: a clock was set back.</summary>
    public bool IsUsable(HandshakeProof proof, DateTimeOffset now) =>
        !proof.IsSpent && now >= proof.SignedInAt && now - proof.SignedInAt < UseWithin;

    /// <summary>Whether signing in with such a key, at its best, could be what is owed.</summary>
    public bool CouldSatisfy(FactorRequirement requirement) =>
        Counts && !requirement.Number && requirement.CanBeSatisfiedBy(FactorKind.SecurityKeySsh)
        && (VerifyRequired || requirement.Strength <= TouchOnly);
}
