using Countersign.Core.Challenges;
using Countersign.Core.Identities;

namespace Countersign.Server.Enforcement;

/// <summary>What a person sends to approve: the number where it is owed, and one proof.</summary>
internal sealed record ApprovalInput(string? Number, string? Totp, string? RecoveryCode, string? AssertionJson);

internal enum ApprovalOutcome
{
    /// <summary>The verdict is durable.</summary>
    Done,

    /// <summary>There is no such request for this person.</summary>
    NotFound,

    /// <summary>Settled before; <see cref="ApprovalResult.Challenge"/> says how.</summary>
    AlreadySettled,

    /// <summary>A number is owed and none came.</summary>
    NumberOwed,
    NumberWrong,

    /// <summary>Neither code nor assertion came.</summary>
    ProofOwed,
    ProofRefused,
    ProofDelayed,
    ProofLocked,
    FactorNotSetUp,

    /// <summary>Proven, but the rule asks for a stronger factor, another kind or another model.</summary>
    FactorNotAccepted,
}

internal sealed record ApprovalResult(ApprovalOutcome Outcome, Challenge? Challenge = null, DateTimeOffset? RetryAt = null);

/// <summary>
/// The one method by which a request is settled by a person, whatever the surface (page, API, terminal). The order matters:
/// number, then proof (which spends the code), then the conditional write of the verdict together with its audit record.
/// </summary>
internal sealed class Approvals
{
    /// <summary>Options for <c>navigator.credentials.get</c> bound to this challenge's digest, as JSON (PublicKeyCredentialRequestOptionsJSON); null when there is no such pending request of this person.</summary>
    public Task<string?> AssertionOptionsAsync(Principal principal, ChallengeId id, CancellationToken cancellation) => throw new NotImplementedException();

    public Task<ApprovalResult> ApproveAsync(Principal principal, ChallengeId id, ApprovalInput input, CancellationToken cancellation) => throw new NotImplementedException();

    /// <param name="principal">Whose request it must be.</param>
    /// <param name="id">Which.</param>
    /// <param name="reported">"This wasn't me": also revokes the credential that asked and ends the person's grants.</param>
    /// <param name="cancellation">Gives up waiting, not the verdict.</param>
    public Task<ApprovalResult> DenyAsync(Principal principal, ChallengeId id, bool reported, CancellationToken cancellation) => throw new NotImplementedException();
}

/// <summary>Reads challenges for pages and the API, and tells when one of a person's changes.</summary>
internal sealed class ChallengeReader
{
    /// <summary>The challenge with its state as of now (an overdue one reads as Expired); null when it does not exist.</summary>
    public Challenge? Find(ChallengeId id) => throw new NotImplementedException();

    /// <summary>The person's requests, newest first.</summary>
    public IReadOnlyList<Challenge> List(PrincipalId principal, int limit) => throw new NotImplementedException();

    /// <summary>Everybody's, newest first; for administrators.</summary>
    public IReadOnlyList<Challenge> ListAll(int limit) => throw new NotImplementedException();

    /// <summary>Yields the challenge at each change of any of the person's challenges, until cancelled. Missed changes are coalesced.</summary>
    public IAsyncEnumerable<Challenge> WatchAsync(PrincipalId principal, CancellationToken cancellation) => throw new NotImplementedException();
}
