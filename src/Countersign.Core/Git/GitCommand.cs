using Countersign.Core.LargeFiles;

namespace Countersign.Core.Git;

/// <summary>One Git command as the gateway understood it: a service on a repository and, once a push has said them, its refs.</summary>
public sealed record GitCommand(GitService Service, RepositoryPath Repository)
{
    /// <summary>The ref updates of a push in the client's order; empty for a read, and for a push whose request body has not been read yet.</summary>
    public IReadOnlyList<RefUpdate> Updates { get; init; } = [];

    /// <summary>Push options (<c>git push -o</c>), in the client's order.</summary>
    public IReadOnlyList<string> PushOptions { get; init; } = [];

    /// <summary>For a Git LFS request, which belongs to a command of that service: what it does with large files. Null for Git's own.</summary>
    public LfsWork? Lfs { get; init; }

    public OperationClass Class => Service == GitService.ReceivePack ? OperationClass.Write : OperationClass.Read;

    /// <summary>True once a push's refs are known; rules about refs can be decided only then.</summary>
    public bool RefsKnown => Updates.Count > 0;
}
