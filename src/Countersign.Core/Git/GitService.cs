namespace Countersign.Core.Git;

/// <summary>The server side program that a Git client asks for (gitprotocol-pack, "Initiating").</summary>
public enum GitService
{
    /// <summary><c>git-upload-pack</c>: clone, fetch, pull, ls-remote.</summary>
    UploadPack,

    /// <summary><c>git-receive-pack</c>: push.</summary>
    ReceivePack,

    /// <summary><c>git-upload-archive</c>: archive --remote.</summary>
    UploadArchive,
}

/// <summary>What a command can do to a repository. Approval of a write covers reads of the same repository, never the reverse.</summary>
public enum OperationClass
{
    Read,
    Write,
}
