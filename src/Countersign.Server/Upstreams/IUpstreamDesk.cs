using Countersign.Core.Identities;
using Countersign.Server.People;

namespace Countersign.Server.Upstreams;

/// <summary>A Git host as administrators see it.</summary>
/// <param name="Workspaces">Served from it, each with its folder there.</param>
/// <param name="Repositories">How many were added by name.</param>
internal sealed record UpstreamSummary(UpstreamDefinition Definition, IReadOnlyList<WorkspaceFolder> Workspaces, int Repositories, UpstreamState State);

internal sealed record WorkspaceFolder(string Workspace, string Folder);

/// <summary>Where a new workspace's repositories are; null for this machine.</summary>
internal sealed record UpstreamFolder(string Upstream, string Folder);

/// <summary>Git hosts: adding, binding workspaces, looking, removing. Every change is recorded before it is made.</summary>
internal interface IUpstreamDesk
{
    Task<IReadOnlyList<UpstreamSummary>> ListAsync(CancellationToken cancellation);

    Task<UpstreamSummary?> FindAsync(string name, CancellationToken cancellation);

    Task<Result<UpstreamSummary>> AddAsync(UpstreamInput input, string actor, CancellationToken cancellation);

    /// <summary>In force at once; what waits, runs or was approved for the host's workspaces ends.</summary>
    Task<Result<UpstreamSummary>> SetAsync(string name, UpstreamChange change, string actor, CancellationToken cancellation);

    /// <summary>Refused while workspaces or repositories use it.</summary>
    Task<Result<UpstreamDefinition>> RemoveAsync(string name, string actor, CancellationToken cancellation);

    /// <summary>Connects, and asks for a repository: its path at the host, or null for one that is known or made up.</summary>
    Task<Result<UpstreamFinding>> CheckAsync(string name, string? repository, CancellationToken cancellation);

    /// <summary>Serves a workspace that has no repositories from a Git host's folder, or from this machine.</summary>
    Task<Result<UpstreamFolder?>> MoveAsync(string workspace, string upstream, string? folder, string actor, CancellationToken cancellation);

    /// <summary>Lets in again what a person reported as "This wasn't me": their credentials for Git hosts. How many there were.</summary>
    Task<int> LiftAsync(PrincipalId person, string actor);

    /// <summary>Where a new workspace goes.</summary>
    /// <param name="upstream">A name, <c>local</c>, or null for the one Git host if there is exactly one.</param>
    /// <param name="folder">Null for one that is called as the key.</param>
    /// <param name="key">As it was typed: hosts may tell cases apart.</param>
    Result<UpstreamFolder?> Choose(string? upstream, string? folder, string key);
}
