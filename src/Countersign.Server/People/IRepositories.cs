using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Core.Policies;
using Countersign.Server.Upstreams;

namespace Countersign.Server.People;

internal sealed record RepositorySummary(RepositoryPath Path, RepositoryKind Kind, bool IsPublic, Role Role, DateTimeOffset CreatedAt)
{
    /// <summary>The Git host that has it, and its path there; null for this machine.</summary>
    public UpstreamFolder? Place { get; init; }
}

/// <param name="Repository">As it was.</param>
/// <param name="Kept">Where its files are now, below the data folder; null at a Git host, where nothing changes.</param>
internal sealed record RepositoryRemoval(RepositorySummary Repository, string? Kept);

internal interface IRepositories
{
    /// <summary>
    /// Registers the repository and makes the bare repository on disk (or imports a copy of <paramref name="importPath"/>). In
    /// a workspace of a Git host nothing is made: it is registered where it is, under the workspace's folder there.
    /// </summary>
    Task<Result<RepositorySummary>> AddAsync(RepositoryPath path, RepositoryKind kind, bool isPublic, string? importPath, string actor, CancellationToken cancellation);

    /// <summary>Registers a repository of the workspace's Git host.</summary>
    /// <param name="path">The name here.</param>
    /// <param name="kind">Of it.</param>
    /// <param name="isPublic">Everyone who signs in may read it.</param>
    /// <param name="upstreamPath">Below the host's base and path, as the host spells it.</param>
    /// <param name="actor">For the audit log.</param>
    /// <param name="cancellation">Ends the work.</param>
    Task<Result<RepositorySummary>> RegisterAsync(RepositoryPath path, RepositoryKind kind, bool isPublic, string upstreamPath, string actor, CancellationToken cancellation);

    /// <summary>Serves it no longer. Its files are moved aside and kept: deleting them is for who administers the machine.</summary>
    Task<Result<RepositoryRemoval>> RemoveAsync(RepositoryPath path, string actor, CancellationToken cancellation);

    Task<IReadOnlyList<RepositorySummary>> ListAsync(CancellationToken cancellation);

    /// <summary>Those that the person may see.</summary>
    Task<IReadOnlyList<RepositorySummary>> VisibleToAsync(PrincipalId person, CancellationToken cancellation);

    /// <summary>What the rules may know, and the person's accepted role in its workspace; facts are null when there is none such. Quick: called for every Git request.</summary>
    (RepositoryFacts? Facts, Role Role) Find(RepositoryPath path, PrincipalId person);
}
