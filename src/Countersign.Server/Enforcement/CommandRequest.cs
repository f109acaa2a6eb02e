using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Core.Identities;

namespace Countersign.Server.Enforcement;

/// <summary>
/// One request of a Git command whose first factor was verified: keys only. What the rules need to know about them is looked
/// up anew at every decision, so that a hold cannot outlive the rights that it began with.
/// </summary>
internal sealed record CommandRequest(
    PrincipalId PrincipalId,
    string PrincipalName,
    GitCredential Credential,
    GitCommand Command,
    ClientAddress Client,
    CommandToken? CommandToken,
    string UserAgent)
{
    /// <summary>
    /// For one large file of a batch that was let through: the digest of the policy in force then. While that is in force nothing more
    /// is owed for it, so that a transfer may begin or be resumed when the grant has ended; the token's own time bounds it.
    /// </summary>
    public string? ApprovedUnder { get; init; }

    /// <summary>
    /// For an upload of large files that says so (<see cref="Core.LargeFiles.LfsWork.ThenPush"/>): the key of the push that it comes before.
    /// The request for approval does not depend on it, so that the command that is run again joins it.
    /// </summary>
    public CommandToken? PushKey { get; init; }

    /// <summary>The person's own credential for the far side, where the far side is who checked it.</summary>
    public PassedCredential? Passed { get; init; }

    /// <summary>Over SSH with a FIDO2 key: what it proved in the handshake. Null otherwise.</summary>
    public SshHandshake? Handshake { get; init; }
}
