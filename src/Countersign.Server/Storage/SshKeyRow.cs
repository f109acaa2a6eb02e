namespace Countersign.Server.Storage;

/// <summary>One person's SSH key. It stays when it is removed: the key is nobody else's for ever.</summary>
internal sealed class SshKeyRow
{
    public required Guid Id { get; init; }

    public required Guid OwnerId { get; init; }

    public required string Label { get; init; }

    /// <summary>As OpenSSH names it.</summary>
    public required string Type { get; init; }

    /// <summary>In a FIDO2 security key.</summary>
    public required bool IsSecurityKey { get; init; }

    /// <summary>The public key in SSH's wire form.</summary>
    public required byte[] Blob { get; init; }

    /// <summary>SHA-256 of <see cref="Blob"/>; also the fingerprint. Unique over everybody's.</summary>
    public required byte[] Hash { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }

    public DateTimeOffset? RemovedAt { get; set; }

    /// <summary>Its owner said that somebody else used it: it is not to come back.</summary>
    public bool IsReported { get; set; }

    public DateTimeOffset? LastUsedAt { get; set; }

    public string? LastUsedFrom { get; set; }

    /// <summary>The security key's model, where an attestation of the key was verified.</summary>
    public Guid? Aaguid { get; init; }

    /// <summary>The configured root that the attestation led to, for an allowed model: then it is hardware-attested.</summary>
    public string? AttestationRoot { get; init; }
}
