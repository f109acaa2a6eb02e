namespace Countersign.Server.Storage;

internal sealed class AccessTokenRow
{
    public required Guid Id { get; init; }

    public required Guid OwnerId { get; init; }

    public required string Label { get; init; }

    /// <summary>SHA-256 of the whole secret, prefix included.</summary>
    public required byte[] Hash { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    public DateTimeOffset? RevokedAt { get; set; }

    public DateTimeOffset? LastUsedAt { get; set; }

    public string? LastUsedFrom { get; set; }
}
