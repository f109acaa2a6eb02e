using Countersign.Core.Git;

namespace Countersign.Server.People;

/// <summary>The bare repositories behind the registered ones. An <see cref="IOException"/> carries one sentence for a person.</summary>
internal interface IRepositoryFiles
{
    Task CreateAsync(RepositoryPath path, CancellationToken cancellation);

    /// <summary>A repository with a first commit, to try a clone on.</summary>
    Task CreateSampleAsync(RepositoryPath path, CancellationToken cancellation);

    /// <summary>A bare copy of the repository at <paramref name="source"/>.</summary>
    Task ImportAsync(RepositoryPath path, string source, CancellationToken cancellation);
}
