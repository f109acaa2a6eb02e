namespace Countersign.Server.Storage;

/// <summary>An authenticator app.</summary>
internal sealed class TotpRow
{
    public required Guid Id { get; init; }

    public required Guid PersonId { get; init; }

    public required string Name { get; set; }

    /// <summary>The 160-bit secret, sealed with ASP.NET Data Protection.</summary>
    public required byte[] SealedSecret { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Null until a first code has been seen: it does not count as a factor.</summary>
    public DateTimeOffset? ConfirmedAt { get; set; }

    public DateTimeOffset? LastUsedAt { get; set; }
}

/// <summary>A person's account at Duo: at most one, added once a push to it was approved.</summary>
internal sealed class DuoAccountRow
{
    public required Guid Id { get; init; }

    public required Guid PersonId { get; init; }

    /// <summary>The name that Duo knows the person by.</summary>
    public required string UserName { get; init; }

    /// <summary>The device to send to, by Duo's key; null lets Duo choose.</summary>
    public string? Device { get; set; }

    /// <summary>What the person calls it; at first the device's own name.</summary>
    public required string Name { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? LastUsedAt { get; set; }
}

internal sealed class RecoveryCodeRow
{
    public required Guid Id { get; init; }

    public required Guid PersonId { get; init; }

    public required byte[] Hash { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>For display. What decides is the ledger's record of spent codes.</summary>
    public DateTimeOffset? SpentAt { get; set; }
}

/// <summary>What Identity's passkey record has no place for.</summary>
internal sealed class PasskeyFacts
{
    /// <summary>Names the passkey in addresses and the audit log.</summary>
    public required Guid Id { get; init; }

    public required byte[] CredentialId { get; init; }

    public required Guid PersonId { get; init; }

    public required Guid Aaguid { get; init; }

    /// <summary>The key's number in the IANA COSE registry.</summary>
    public required int Algorithm { get; init; }

    public required string AttestationFormat { get; init; }

    public required string AttestationType { get; init; }

    /// <summary>The root that the statement led to at registration; null where it led to none.</summary>
    public string? AttestationRoot { get; init; }

    /// <summary>The attestation statement led to a configured root, for an allowed model.</summary>
    public required bool IsHardwareAttested { get; init; }

    public DateTimeOffset? LastUsedAt { get; set; }
}
