using Countersign.Core.Challenges;
using Countersign.Core.Identities;
using Countersign.Server.Enforcement;

namespace Countersign.Server.Api;

/// <summary>Requests, as the API reads and settles them.</summary>
internal interface IRequestDesk
{
    Challenge? Find(ChallengeId id);

    IReadOnlyList<Challenge> List(PrincipalId person, int limit);

    IReadOnlyList<Challenge> ListAll(int limit);

    Task<string?> AssertionOptionsAsync(Principal principal, ChallengeId id, CancellationToken cancellation);

    Task<ApprovalResult> ApproveAsync(Principal principal, ChallengeId id, ApprovalInput input, CancellationToken cancellation);

    Task<ApprovalResult> DenyAsync(Principal principal, ChallengeId id, bool reported, CancellationToken cancellation);

    /// <summary>Asks the person by a kind of factor that goes to them.</summary>
    AskOutcome Ask(Principal principal, Challenge challenge, FactorKind kind);

    /// <summary>What the waiting terminals were told of it.</summary>
    IReadOnlyList<string> SaidOf(ChallengeId id);
}

internal sealed class RequestDesk(ChallengeReader reader, Approvals approvals, Prompter prompter) : IRequestDesk
{
    public Challenge? Find(ChallengeId id) => reader.Find(id);

    public IReadOnlyList<Challenge> List(PrincipalId person, int limit) => reader.List(person, limit);

    public IReadOnlyList<Challenge> ListAll(int limit) => reader.ListAll(limit);

    public Task<string?> AssertionOptionsAsync(Principal principal, ChallengeId id, CancellationToken cancellation) =>
        approvals.AssertionOptionsAsync(principal, id, cancellation);

    public Task<ApprovalResult> ApproveAsync(Principal principal, ChallengeId id, ApprovalInput input, CancellationToken cancellation) =>
        approvals.ApproveAsync(principal, id, input, cancellation);

    public Task<ApprovalResult> DenyAsync(Principal principal, ChallengeId id, bool reported, CancellationToken cancellation) =>
        approvals.DenyAsync(principal, id, reported, cancellation);

    public AskOutcome Ask(Principal principal, Challenge challenge, FactorKind kind) => prompter.TryAsk(principal, challenge, kind);

    public IReadOnlyList<string> SaidOf(ChallengeId id) => prompter.SaidOf(id);
}
