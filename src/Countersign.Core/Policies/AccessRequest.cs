using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Core.Identities;

namespace Countersign.Core.Policies;

public enum RepositoryKind
{
    Repository,
    Wiki,
    Snippet,
}

/// <summary>What the rules may know of a repository.</summary>
/// <param name="Path">The canonical path.</param>
/// <param name="Kind">Repository, wiki or snippet.</param>
/// <param name="IsPublic">Everyone who signs in may read it.</param>
/// <param name="WorkspaceMode">The mode set on the workspace; null where the instance's applies.</param>
public sealed record RepositoryFacts(RepositoryPath Path, RepositoryKind Kind, bool IsPublic, Mode? WorkspaceMode);

/// <summary>What is decided on.</summary>
/// <param name="Principal">Who asks.</param>
/// <param name="Role">What the person is in the repository's workspace.</param>
/// <param name="Credential">With which first factor.</param>
/// <param name="Command">For what.</param>
/// <param name="Repository">Null when there is no such repository: looked up like one that may not be seen.</param>
/// <param name="Client">From where.</param>
/// <param name="CommandToken">The per-command key, where the client followed the redirect.</param>
public sealed record AccessRequest(
    Principal Principal,
    Role Role,
    GitCredential Credential,
    GitCommand Command,
    RepositoryFacts? Repository,
    ClientAddress Client,
    CommandToken? CommandToken)
{
    /// <summary>Over SSH with a FIDO2 key: what it proved. Null otherwise.</summary>
    public HandshakeProof? Handshake { get; init; }
}
