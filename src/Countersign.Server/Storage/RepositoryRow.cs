using Countersign.Core.Policies;

namespace Countersign.Server.Storage;

internal sealed class RepositoryRow
{
    public required string WorkspaceKey { get; init; }

    public required string Name { get; init; }

    public required RepositoryKind Kind { get; init; }

    public required bool IsPublic { get; set; }

    /// <summary>The Git host that has it; null for this machine.</summary>
    public string? UpstreamName { get; init; }

    /// <summary>Its path there, as the host spells it: <c>group/sub/Core.git</c>. Null for this machine.</summary>
    public string? UpstreamPath { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
}
