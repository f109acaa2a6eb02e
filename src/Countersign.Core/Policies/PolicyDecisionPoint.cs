using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Core.Identities;

namespace Countersign.Core.Policies;

/// <summary>
/// The one place where access is decided: a pure function of the request, the policy, the live grants and the time. All rules
/// that match count and the strictest wins; no rule is a no. It catches nothing: for the caller an exception is a denial.
/// </summary>
public static class PolicyDecisionPoint
{
    public static Decision Decide(AccessRequest request, PolicySet policies, IReadOnlyList<Grant> grants, DateTimeOffset now)
    {
        // Facts about another repository are no facts about this one.
        if (request.Repository is not { } repository || repository.Path != request.Command.Repository)
        {
            return Deny(ReasonCode.RepositoryNotFound);
        }

        // Indistinguishable from a repository that is not there.
        if (request.Role < Role.Read && !repository.IsPublic)
        {
            return Deny(ReasonCode.RepositoryNotFound);
        }

        if (request.Command.Class != OperationClass.Read && request.Role < Role.Write)
        {
            return Deny(ReasonCode.RoleTooLow);
        }

        return EffectiveMode.Of(repository, policies).Mode switch
        {
            Mode.Off => new Decision.Allow(null) { Reason = new(ReasonCode.ModeOff) },
            Mode.Report => new Decision.Allow(null)
            {
                Reason = new(ReasonCode.ModeReport),
                WouldHaveBeen = Enforce(request, policies, grants, now),
            },
            _ => Enforce(request, policies, grants, now),
        };
    }

    private static Decision Enforce(AccessRequest request, PolicySet policies, IReadOnlyList<Grant> grants, DateTimeOffset now) =>
        Ruling.Of(request, policies) switch
        {
            { Denying: { } rule } => Deny(ReasonCode.DeniedByRule, rule),
            { Unmatched: true } => Deny(ReasonCode.NoRuleMatched),
            { Requiring.Count: > 0 } ruling => Require(ruling, request, policies.SshSecurityKeys, grants, now),
            { Allowing: { } rule } => new Decision.Allow(null) { Reason = new(ReasonCode.NoSecondFactorOwed, rule.Name) },
            _ => Deny(ReasonCode.NoRuleMatched),
        };

    private static Decision Require(Ruling ruling, AccessRequest request, SshSecurityKeys keys, IReadOnlyList<Grant> grants, DateTimeOffset now)
    {
        var rule = ruling.Strictest();
        if (ruling.Requirement() is not { } requirement)
        {
            return Deny(ReasonCode.RequirementsContradict, rule);
        }

        // The narrower of what was granted and what the rules say now: a tightened policy bites at once.
        var terms = ruling.Terms();
        var covering = grants.FirstOrDefault(grant =>
            requirement.IsSatisfiedBy(grant.Proof)
            && (grant with { Terms = GrantTerms.Narrower(grant.Terms, terms) }).Covers(request, now));
        if (covering is not null)
        {
            return new Decision.Allow(covering) { Reason = new(ReasonCode.CoveredByGrant, rule.Name) };
        }

        var factors = request.Principal.Factors;
        var canBeAsked = factors.Any(requirement.CanBeSatisfiedBy) && factors.Any(kind => kind != FactorKind.RecoveryCode);
        var proves = request.Handshake is { } handshake && keys.Satisfies(requirement, handshake);
        var hasNone = factors.All(kind => kind == FactorKind.RecoveryCode) && (request.Handshake is null || keys.Worth(request.Handshake) is null);
        var byHandshake = proves && keys.IsUsable(request.Handshake!, now);
        return byHandshake || canBeAsked
                ? new Decision.StepUp(requirement, terms) { Reason = new(ReasonCode.SecondFactorOwed, rule.Name), ByHandshake = byHandshake }
            : proves ? Deny(ReasonCode.SecurityKeyUsed, rule)
            : request is { Handshake: null, Principal.HasSshSecurityKey: true } && keys.CouldSatisfy(requirement) ? Deny(ReasonCode.SecurityKeyWantsSsh, rule)
            : Deny(hasNone ? ReasonCode.NoFactorSetUp : ReasonCode.NoFactorStrongEnough, rule);
    }

    private static Decision.Deny Deny(ReasonCode code, Rule? rule = null) => new() { Reason = new(code, rule?.Name) };
}
