using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Core.Policies;

namespace Countersign.Server.People;

internal sealed record RepositorySummary(RepositoryPath Path, RepositoryKind Kind, bool IsPublic, Role Role, DateTimeOffset CreatedAt);

internal interface IRepositories
{
    /// <summary>Registers the repository and makes the bare repository on disk (or imports a copy of <paramref name="importPath"/>).</summary>
    Task<Result<RepositorySummary>> AddAsync(RepositoryPath path, RepositoryKind kind, bool isPublic, string? importPath, string actor, CancellationToken cancellation);

    Task<IReadOnlyList<RepositorySummary>> ListAsync(CancellationToken cancellation);

    /// <summary>Those that the person may see.</summary>
    Task<IReadOnlyList<RepositorySummary>> VisibleToAsync(PrincipalId person, CancellationToken cancellation);

    /// <summary>What the rules may know, and the person's accepted role in its workspace; facts are null when there is none such. Quick: called for every Git request.</summary>
    (RepositoryFacts? Facts, Role Role) Find(RepositoryPath path, PrincipalId person);
}
