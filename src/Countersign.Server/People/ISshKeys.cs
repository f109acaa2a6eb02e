using Countersign.Core.Identities;
using Countersign.Server.Factors.SecurityKeySsh;

namespace Countersign.Server.People;

/// <param name="Id">As in the forced command and in the audit log.</param>
/// <param name="Type">As OpenSSH names it: <c>ssh-ed25519</c>, <c>sk-ssh-ed25519@openssh.com</c>.</param>
/// <param name="Fingerprint"><c>SHA256:</c> and unpadded base64, as <c>ssh-keygen -l</c> prints it.</param>
/// <param name="ExpiresAt">Null for a key without an end.</param>
internal sealed record SshKeySummary(
    string Id, string Label, string Type, string Fingerprint, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? LastUsedAt, string? LastUsedFrom)
{
    /// <summary>The model of the security key, where an attestation of it was verified.</summary>
    public string? AttestedModel { get; init; }
}

/// <summary>What sshd is told of a key that a client offers. It proves nothing: the signature comes after it.</summary>
/// <param name="Id">Goes into the forced command: from there on, it is who signed.</param>
/// <param name="VerifyRequired">sshd accepts no signature of it without user verification (PIN, fingerprint).</param>
/// <param name="NoTouchRequired">sshd accepts signatures of it without a touch.</param>
/// <param name="IsSecurityKey">A FIDO2 <c>sk-</c> key.</param>
internal sealed record OfferedKey(string Id, bool IsSecurityKey, bool VerifyRequired, bool NoTouchRequired);

/// <summary>The SSH keys of people: one person's each, ed25519, ecdsa, rsa of 3072 bits and more, and FIDO2 keys.</summary>
internal interface ISshKeys
{
    /// <param name="line">One line as <c>ssh-keygen</c> writes it to the <c>.pub</c> file: type, base64, comment. No options.</param>
    Task<Result<SshKeySummary>> AddAsync(PrincipalId owner, string line, string? label, int? days, string actor, CancellationToken cancellation);

    /// <summary>A challenge for <c>ssh-keygen -O challenge=FILE</c>: for this person, one key, and an hour.</summary>
    Task<AttestationChallenge> MakeChallengeAsync(PrincipalId owner, CancellationToken cancellation);

    /// <summary>A FIDO2 key with what its security key attested when it made it.</summary>
    /// <param name="attestation">The file that <c>ssh-keygen -O write-attestation=FILE</c> wrote, made with a challenge of <see cref="MakeChallengeAsync"/>.</param>
    Task<Result<SshKeySummary>> AddAttestedAsync(
        PrincipalId owner, string line, ReadOnlyMemory<byte> attestation, string? label, int? days, string actor, CancellationToken cancellation);

    /// <summary>All that were not removed, newest first; those that have expired too.</summary>
    Task<IReadOnlyList<SshKeySummary>> ListAsync(PrincipalId owner, CancellationToken cancellation);

    /// <summary>Ends it at once, with what it holds and runs. Its owner may add it again.</summary>
    Task<Result<SshKeySummary>> RemoveAsync(PrincipalId owner, string id, string actor, CancellationToken cancellation);

    /// <summary>Ends it for ever: its owner says that somebody else used it.</summary>
    Task<Result<SshKeySummary>> ReportAsync(PrincipalId owner, string id, string actor, CancellationToken cancellation);

    /// <summary>
    /// For sshd's AuthorizedKeysCommand: null when the key is unknown, expired, removed, or its owner disabled. Synchronous and
    /// quick, writes nothing and prompts nobody: it is asked for keys that are only offered.
    /// </summary>
    /// <param name="blob">The public key in SSH's wire form (RFC 4253 6.6).</param>
    OfferedKey? Find(ReadOnlySpan<byte> blob);

    /// <summary>Who the key of a forced command is, once sshd has verified its signature; null when it is not good any more.</summary>
    AuthenticatedCredential? Authenticate(string keyId, ClientAddress from);

    /// <summary>Still good? Asked again after a hold.</summary>
    bool IsLive(PrincipalId owner, string credentialId);
}
