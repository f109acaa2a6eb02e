namespace Countersign.Core.WebAuthn.Statements;

/// <summary>What a statement attests: the inputs of every verification procedure in section 8.</summary>
/// <param name="Statement">attStmt.</param>
/// <param name="Data">authenticatorData.</param>
/// <param name="Credential">The attested credential data within it.</param>
/// <param name="Key">credentialPublicKey, parsed.</param>
/// <param name="ClientDataHash">SHA-256 of the client data.</param>
internal sealed record AttestedCeremony(
    StatementMap Statement, AuthenticatorData Data, AttestedCredentialData Credential, CoseKey Key, byte[] ClientDataHash)
{
    /// <summary>"the concatenation of authenticatorData and clientDataHash": attToBeSigned, nonceToHash.</summary>
    public byte[] SignedBytes { get; } = [.. Data.Bytes.Span, .. ClientDataHash];
}

/// <summary>What a statement proved. The path belongs to whoever asked.</summary>
/// <param name="Error">None if it verified.</param>
/// <param name="Type">The kind of attestation.</param>
/// <param name="Path">The attestation trust path; null where there is none.</param>
internal sealed record StatementOutcome(WebAuthnError Error, AttestationType Type = AttestationType.None, CertificatePath? Path = null)
{
    /// <summary>
    /// Whether the format lets an attestation key vouch for the model and for a key in hardware. Not so for fido-u2f, whose signature
    /// does not cover the AAGUID; for an Android key kept in software; and for a statement signed over SHA-1.
    /// </summary>
    public bool VouchesForModel { get; init; } = true;

    public static implicit operator StatementOutcome(WebAuthnError error) => new(error);
}
