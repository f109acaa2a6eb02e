namespace Countersign.Core.Git;

/// <summary>One Git command as the gateway understood it: a service on a repository and, once a push has said them, its refs.</summary>
public sealed record GitCommand(GitService Service, RepositoryPath Repository)
{
    /// <summary>The ref updates of a push in the client's order; empty for a read, and for a push whose request body has not been read yet.</summary>
    public IReadOnlyList<RefUpdate> Updates { get; init; } = [];

    /// <summary>Push options (<c>git push -o</c>), in the client's order.</summary>
    public IReadOnlyList<string> PushOptions { get; init; } = [];

    /// <summary>For a push whose refs are never said to us, because somebody else sends its body on.</summary>
    public HiddenRefs Hidden { get; init; }

    public OperationClass Class => Service == GitService.ReceivePack ? OperationClass.Write : OperationClass.Read;

    /// <summary>True once a push's refs are known; rules about refs can be decided only then.</summary>
    public bool RefsKnown => Updates.Count > 0;

    /// <summary>This very request changes refs: it uses its approval up.</summary>
    public bool MovesRefs => RefsKnown || Hidden == HiddenRefs.Moved;
}

/// <summary>What a request of a push does with refs that the gateway never gets to know.</summary>
public enum HiddenRefs
{
    /// <summary>They are known, or will be once the push says them.</summary>
    None,

    /// <summary>It comes before the push itself: the list of refs, or large files.</summary>
    Asked,

    /// <summary>It is the push itself.</summary>
    Moved,
}
