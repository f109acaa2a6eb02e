namespace Countersign.Server.Storage;

internal sealed class SessionRow
{
    /// <summary>Names the session; its secret is stored only as <see cref="Hash"/>.</summary>
    public required Guid Id { get; init; }

    public required Guid PersonId { get; init; }

    public required byte[] Hash { get; set; }

    public required DateTimeOffset StartedAt { get; init; }

    public required DateTimeOffset LastSeenAt { get; set; }

    public required DateTimeOffset ExpiresAt { get; init; }

    public required bool SecondFactorPassed { get; set; }

    public DateTimeOffset? SteppedUpAt { get; set; }

    public required string From { get; init; }

    public required string UserAgent { get; init; }
}
