using Countersign.Core.Git;

namespace Countersign.Server.People;

/// <summary>The bare repositories behind the registered ones. An <see cref="IOException"/> carries one sentence for a person.</summary>
internal interface IRepositoryFiles
{
    Task CreateAsync(RepositoryPath path, CancellationToken cancellation);

    /// <summary>A repository with a first commit, to try a clone on.</summary>
    Task CreateSampleAsync(RepositoryPath path, CancellationToken cancellation);

    /// <summary>Moves all of a repository's files aside, whole, under a name that no repository has.</summary>
    /// <param name="path">It is served no longer.</param>
    /// <param name="name">Of its own in its workspace's folder for what was removed.</param>
    Task SetAsideAsync(RepositoryPath path, string name);

    /// <summary>The folder that <see cref="SetAsideAsync"/> makes, absolute.</summary>
    string AsideOf(RepositoryPath path, string name);

    /// <summary>A bare copy of the repository at <paramref name="source"/>.</summary>
    Task ImportAsync(RepositoryPath path, string source, CancellationToken cancellation);
}
