using Countersign.Core.Policies;

namespace Countersign.Server.Storage;

internal sealed class RepositoryRow
{
    public required string WorkspaceKey { get; init; }

    public required string Name { get; init; }

    public required RepositoryKind Kind { get; init; }

    public required bool IsPublic { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }
}
