namespace Countersign.Core.Policies;

/// <summary>What the FIDO2 key of an SSH connection proved when its owner signed in.</summary>
/// <param name="UserVerified">With a PIN or a fingerprint; false: with a touch alone.</param>
/// <param name="IsHardwareAttested">An attestation of the key was verified, to an allowed root and model.</param>
/// <param name="Aaguid">The model, where it was attested.</param>
public sealed record HandshakeProof(bool UserVerified, bool IsHardwareAttested, Guid? Aaguid)
{
    /// <summary>When that was.</summary>
    public required DateTimeOffset SignedInAt { get; init; }

    /// <summary>A command of the same connection has used it.</summary>
    public bool IsSpent { get; init; }
}
