namespace Countersign.Core.WebAuthn;

/// <summary>The types of section 6.5.3.</summary>
public enum AttestationType
{
    None,

    /// <summary>Signed with the credential's own key: proves nothing about the authenticator.</summary>
    Self,

    /// <summary>By a key that authenticators of one batch share; packed and fido-u2f do not tell it from AttCA.</summary>
    Basic,

    /// <summary>By a key that a CA certified for this TPM.</summary>
    AttCA,

    /// <summary>By a CA, for this credential alone.</summary>
    AnonCA,
}

/// <summary>What a verified statement proved; kept with the credential.</summary>
/// <param name="Format">The attestation statement format identifier.</param>
/// <param name="Type">The kind of attestation.</param>
/// <param name="RootSha256">The configured root that the certificates led to at the time, as hexadecimal SHA-256 of its DER; or null.</param>
/// <param name="HardwareAttested">Verified, to a root that is configured for this model, and the model is not revoked.</param>
public sealed record Attestation(string Format, AttestationType Type, string? RootSha256, bool HardwareAttested)
{
    /// <summary>Whether the statement's certificates lead to a configured root.</summary>
    public bool IsTrusted => RootSha256 is not null;
}
