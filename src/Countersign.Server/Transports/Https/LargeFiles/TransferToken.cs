using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Core.LargeFiles;
using Countersign.Server.Enforcement;

namespace Countersign.Server.Transports.Https.LargeFiles;

/// <summary>What a batch that was let through allows for one object: who, from where, which action, until when. Nothing else is in the client's hands.</summary>
/// <param name="Repository">Where.</param>
/// <param name="Transfer">What.</param>
/// <param name="PrincipalId">Whose.</param>
/// <param name="PrincipalName">The person's name, for the log.</param>
/// <param name="Credential">The first factor that asked for the batch; its end is the token's end.</param>
/// <param name="Network">From where alone it may be used.</param>
/// <param name="Policy">The digest of the policy under which the batch was let through.</param>
/// <param name="Expires">The transfer must have begun by then.</param>
internal sealed record TransferToken(
    RepositoryPath Repository, LfsTransfer Transfer, PrincipalId PrincipalId, string PrincipalName, GitCredential Credential,
    string Network, string Policy, DateTimeOffset Expires)
{
    /// <summary><see cref="LfsWork.For"/> of its batch: each object is ruled as the batch was.</summary>
    public RefName? For { get; init; }

    /// <summary><see cref="ILfsUpstream.PlaceOf"/> when the batch was asked: a workspace that moves ends it.</summary>
    public required string Place { get; init; }
}
