namespace Countersign.Core.WebAuthn;

/// <summary>A registered credential (section 4, "credential record").</summary>
/// <param name="Id">1 to 1023 bytes, unique over all people: the store refuses a second one (7.1 step 27).</param>
/// <param name="PublicKey">The COSE key, canonical CBOR.</param>
/// <param name="Algorithm">The algorithm of that key.</param>
/// <param name="SignCount">The highest that was seen.</param>
/// <param name="UvInitialized">Whether the owner was verified at registration; later ceremonies do not change it by themselves.</param>
/// <param name="Transports">As the browser named them, sorted; hints, not facts.</param>
/// <param name="BackupEligible">Never changes.</param>
/// <param name="BackupState">As last seen.</param>
/// <param name="Aaguid">The model as claimed; vouched for only where <see cref="Attestation"/> says so.</param>
/// <param name="Attestation">What the statement proved at registration.</param>
public sealed record CredentialRecord(
    ReadOnlyMemory<byte> Id,
    ReadOnlyMemory<byte> PublicKey,
    CoseAlgorithm Algorithm,
    uint SignCount,
    bool UvInitialized,
    IReadOnlyList<string> Transports,
    bool BackupEligible,
    bool BackupState,
    Aaguid Aaguid,
    Attestation Attestation);
