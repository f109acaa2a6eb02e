using Countersign.Core.Git;
using Countersign.Core.Policies;
using Countersign.Server.Factors.SecurityKeySsh;
using Countersign.Server.People;
using Countersign.Server.Policies;
using Countersign.Server.Upstreams.Passed;

namespace Countersign.Server.Enforcement;

/// <summary>Gathers what is true right now about a command and asks the rules.</summary>
internal sealed class Decider(IPeople people, GitCredentials credentials, IRepositories repositories, GrantStore grants, PolicyStore policies,
    SecurityKeyHandshakes handshakes, TimeProvider clock)
{
    public Decision Decide(CommandRequest request, ExchangePhase phase)
    {
        if (Gather(request) is not { } access)
        {
            return new Decision.Deny { Reason = new(ReasonCode.AccessEnded) };
        }

        var decision = Ask(access);
        return phase switch
        {
            // Nothing of the repository is in this answer, so nothing is owed for it; refusals are told as early as possible.
            ExchangePhase.Capabilities when decision is Decision.StepUp owed
                => new Decision.Allow(null) { Reason = owed.Reason with { Code = ReasonCode.NothingShown } },

            // A push needs the ref list first. Who may read the refs gets them, and is asked when the push says what it changes.
            ExchangePhase.RefList when decision is Decision.StepUp owed
                    && access.Command.Service == GitService.ReceivePack
                    && Ask(access with { Command = new(GitService.UploadPack, access.Command.Repository) }) is Decision.Allow
                => new Decision.Allow(null) { Reason = owed.Reason with { Code = ReasonCode.ReadAllowed } },

            // Named by a batch that was let through under this very policy. A denial stays one.
            _ when decision is Decision.StepUp owed && request.ApprovedUnder is { } policy && policy == policies.Current.Digest
                => new Decision.Allow(null) { Reason = owed.Reason with { Code = ReasonCode.ApprovedBatch } },

            _ => decision,
        };
    }

    /// <summary>Person and credential still are what they were.</summary>
    public bool HasAccess(CommandRequest request) =>
        people.FindPrincipal(request.PrincipalId) is not null && credentials.IsLive(request.PrincipalId, request.Credential.Id);

    /// <summary>
    /// True when a rule about forced updates could decide this push, so that somebody must look at it first. Not for who may
    /// not push there at all: looking takes work, and its answer could tell that the repository is there.
    /// </summary>
    public bool MustInspect(CommandRequest request, Decision decision) =>
        decision.Reason.Code is not (ReasonCode.RepositoryNotFound or ReasonCode.RoleTooLow or ReasonCode.AccessEnded)
        && Gather(request) is { } access
        && policies.Current.AsksForForced(access);

    private Decision Ask(AccessRequest access)
    {
        var now = clock.GetUtcNow();
        return PolicyDecisionPoint.Decide(access, policies.Current, grants.Live(access.Principal.Id, now), now);
    }

    private AccessRequest? Gather(CommandRequest request)
    {
        if (people.FindPrincipal(request.PrincipalId) is not { } principal || !credentials.IsLive(request.PrincipalId, request.Credential.Id))
        {
            return null;
        }

        var (facts, role) = repositories.Find(request.Command.Repository, request.PrincipalId);
        return new(principal, role, request.Credential, request.Command, facts, request.Client, request.CommandToken) { Handshake = handshakes.Of(request) };
    }
}
