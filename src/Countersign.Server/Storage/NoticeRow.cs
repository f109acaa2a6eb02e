namespace Countersign.Server.Storage;

internal sealed class NoticeRow
{
    public required Guid Id { get; init; }

    public required Guid PersonId { get; init; }

    public required DateTimeOffset At { get; init; }

    public required string Text { get; init; }

    public DateTimeOffset? DismissedAt { get; set; }
}
