using Countersign.Core.Git;
using Countersign.Core.Policies;
using FsCheck.Fluent;
using static Countersign.Core.Tests.Policies.Generators;
using static Countersign.Core.Tests.Policies.World;

namespace Countersign.Core.Tests.Policies;

/// <summary>What holds for every policy, not only for those that somebody thought of.</summary>
public sealed class DecisionProperties
{
    [Fact]
    public void Adding_a_deny_rule_never_permits_more() => Holds(
        from policies in PolicySets
        from rule in Rules
        from place in Gen.Choose(0, policies.Rules.Count)
        from request in Requests
        from grants in Few(Grants)
        select (policies, stricter: With(policies, rule with { Effect = Effect.Deny }, place), request, grants),
        given => Permits(Decide(given.request, given.stricter, [.. given.grants])) <= Permits(Decide(given.request, given.policies, [.. given.grants])));

    [Fact]
    public void Adding_a_require_rule_never_turns_a_denial_or_a_step_up_into_a_pass_without_proof() => Holds(
        from policies in PolicySets
        from rule in Rules
        from request in Requests
        select (policies, stricter: With(policies, rule with { Effect = Effect.Require }, 0), request),
        given => Decide(given.request, given.policies) is Decision.Allow || Decide(given.request, given.stricter) is not Decision.Allow);

    [Fact]
    public void Adding_a_require_rule_never_permits_more_where_another_rule_has_decided_on_known_refs() => Holds(
        from policies in PolicySets
        from rule in Rules
        from request in Requests
        from grants in Few(Grants)
        select (policies, stricter: With(policies, rule with { Effect = Effect.Require }, 0), request, grants),
        given =>
        {
            var before = Decide(given.request, given.policies, [.. given.grants]);
            return before.Reason.Code == ReasonCode.NoRuleMatched
                || given.request.Command is { Class: OperationClass.Write, RefsKnown: false }
                || Permits(Decide(given.request, given.stricter, [.. given.grants])) <= Permits(before);
        });

    [Fact]
    public void Without_rules_everything_is_denied() => Holds(
        from request in Requests from grants in Few(Grants) select (request, grants),
        given => Decide(given.request, Enforce(), [.. given.grants]) is Decision.Deny);

    [Fact]
    public void The_order_of_rules_does_not_matter_to_the_outcome() => Holds(
        from policies in PolicySets from request in Requests from grants in Few(Grants) select (policies, request, grants),
        given =>
        {
            var left = Decide(given.request, given.policies, [.. given.grants]);
            var right = Decide(given.request, given.policies with { Rules = [.. given.policies.Rules.Reverse()] }, [.. given.grants]);
            return left.GetType() == right.GetType() && left.Reason.Code == right.Reason.Code;
        });

    [Fact]
    public void A_grant_that_is_expired_or_somebody_elses_changes_nothing() => Holds(
        from policies in PolicySets
        from request in Requests
        from grant in Grants
        from dead in Gen.Elements(
            grant with { CreatedAt = Now.AddMinutes(-10) },
            grant with { LastUsedAt = Now.AddMinutes(-1) },
            grant with { CreatedAt = Now.AddSeconds(1) },
            grant with { PrincipalId = Person("bob").Id },
            grant with { CredentialId = "other" },
            grant with { Network = "198.51.100.1" },
            grant with { Repository = Path("OTHER/core") })
        select (policies, request, dead),
        given => Decide(given.request, given.policies, given.dead).Reason == Decide(given.request, given.policies).Reason);

    [Fact]
    public void What_a_grant_lets_through_was_owed_and_its_proof_satisfies_every_rule_that_surely_matches() => Holds(
        from policies in PolicySets from request in Requests from grants in Few(Grants) select (policies, request, grants),
        given =>
        {
            var decision = Decide(given.request, given.policies, [.. given.grants]);
            var explained = PolicyExplanation.Of(given.request, given.policies, given.grants, Now);
            var requiring = given.policies.Rules.Where((rule, index) =>
                rule.Effect == Effect.Require && explained.Rules.Where((_, place) => place % given.policies.Rules.Count == index).Any(each => each.Matched == true));
            return decision is not Decision.Allow { Grant: { } grant } || requiring.All(rule => rule.Requirement.IsSatisfiedBy(grant.Proof));
        });

    [Fact]
    public void Before_the_refs_are_known_nothing_is_owed_only_if_some_rule_allows() => Holds(
        from policies in PolicySets from request in Requests select (policies, request),
        given => Decide(given.request, given.policies) is not Decision.Allow || given.policies.Rules.Any(rule => rule.Effect == Effect.Allow));

    private static PolicySet With(PolicySet policies, Rule rule, int place)
    {
        var rules = policies.Rules.ToList();
        rules.Insert(place, rule);
        return policies with { Rules = rules };
    }

    private static int Permits(Decision decision) => decision switch
    {
        Decision.Allow => 2,
        Decision.StepUp => 1,
        _ => 0,
    };
}
