using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Core.Policies;
using static Countersign.Core.Tests.Policies.World;

namespace Countersign.Core.Tests.Policies;

/// <summary>A push before it has said its refs, and updates that nobody has inspected: what is not known never relaxes.</summary>
public sealed class RefsUnknownTests
{
    private static readonly Rule Allow = new("allow", Effect.Allow);
    private static readonly Rule NoForce = new("no force", Effect.Deny) { Forced = true };

    [Fact]
    public void Rules_that_surely_match_decide_and_the_others_wait()
    {
        var policies = Enforce(Require("everyone"), new("closed", Effect.Deny) { Refs = [Refs("closed")] });
        Assert.Equal(new Reason(ReasonCode.SecondFactorOwed, "everyone"), Decide(Push(), policies).Reason);
        Assert.Equal(new Reason(ReasonCode.DeniedByRule, "closed"), Decide(Push(Update("refs/heads/closed")), policies, Grant()).Reason);
    }

    [Fact]
    public void A_pattern_for_every_ref_asks_nothing_of_refs() =>
        Assert.Equal(ReasonCode.NoSecondFactorOwed, Reason(Push(), Enforce(Allow with { Refs = [Refs("refs/**")] }, Require("main") with { Refs = [Refs("main")] })));

    [Fact]
    public void Where_every_rule_depends_on_refs_the_strictest_of_them_is_asked()
    {
        var policies = Enforce(
            Allow with { Refs = [Refs("sandbox/**")] },
            Require("topics") with { Refs = [Refs("topic/**")] },
            Require("main", Strength.PhishingResistant) with { Refs = [Refs("main")] });
        var stepUp = Assert.IsType<Decision.StepUp>(Decide(Push(), policies));
        Assert.Equal("main", stepUp.Reason.Rule);
        Assert.Equal(Strength.PhishingResistant, stepUp.Requirement.Strength);
    }

    [Fact]
    public void A_denial_of_some_refs_does_not_stop_a_push_that_may_be_for_others()
    {
        var policies = Enforce(Require("main") with { Refs = [Refs("main")] }, NoForce);
        Assert.Equal(ReasonCode.SecondFactorOwed, Reason(Push(), policies));
        Assert.Equal(ReasonCode.CoveredByGrant, Reason(Push(Update("refs/heads/main")), policies, Grant()));
        Assert.Equal(ReasonCode.DeniedByRule, Reason(Push(Update("refs/heads/main", forced: true)), policies, Grant()));
    }

    [Fact]
    public void Where_every_rule_that_may_match_denies_the_push_is_denied_at_once() =>
        Assert.Equal(ReasonCode.DeniedByRule, Reason(Push(), Enforce(NoForce)));

    [Fact]
    public void Rules_for_different_refs_do_not_contradict_before_the_refs_are_known()
    {
        var policies = Enforce(
            Require("a", Strength.Strong, FactorKind.Totp) with { Refs = [Refs("a")] },
            Require("b", Strength.PhishingResistant, FactorKind.WebAuthn) with { Refs = [Refs("b")] });
        var stepUp = Assert.IsType<Decision.StepUp>(Decide(Push(), policies));
        Assert.Equal((Strength.PhishingResistant, 0), (stepUp.Requirement.Strength, stepUp.Requirement.Kinds.Count));
        Assert.Equal([FactorKind.Totp], Assert.IsType<Decision.StepUp>(Decide(Push(Update("refs/heads/a")), policies)).Requirement.Kinds);
    }

    [Fact]
    public void An_update_that_nobody_has_inspected_counts_as_forced_and_is_asked_about()
    {
        var push = Push(Update("refs/heads/main", forced: null));
        Assert.Equal(ReasonCode.DeniedByRule, Reason(push, Enforce(Allow, NoForce)));
        Assert.True(Enforce(Allow, NoForce).AsksForForced(push));
        Assert.Equal(ReasonCode.NoSecondFactorOwed, Reason(Push(Update("refs/heads/main")), Enforce(Allow, NoForce)));
    }

    [Fact]
    public void An_update_that_nobody_has_inspected_is_not_let_through_as_unforced() =>
        Assert.Equal(ReasonCode.NoRuleMatched, Reason(Push(Update("refs/heads/main", forced: null)), Enforce(Allow with { Forced = false })));

    [Fact]
    public void A_requirement_on_forced_or_on_unforced_updates_both_bite_while_nobody_has_looked()
    {
        var push = Push(Update("refs/heads/main", forced: null));
        Assert.Equal(ReasonCode.SecondFactorOwed, Reason(push, Enforce(Allow, Require("a") with { Forced = true })));
        Assert.Equal(ReasonCode.SecondFactorOwed, Reason(push, Enforce(Allow, Require("a") with { Forced = false })));
    }

    [Fact]
    public void Attack_deleting_and_creating_anew_is_no_way_around_a_ban_on_force()
    {
        Assert.Equal(ReasonCode.DeniedByRule, Reason(Push(Delete("refs/heads/main")), Enforce(Allow, NoForce)));
        Assert.Equal(ReasonCode.NoSecondFactorOwed, Reason(Push(Create("refs/heads/main")), Enforce(Allow, NoForce)));
    }

    [Fact]
    public void Attack_a_line_from_zero_to_zero_deletes_and_is_judged_as_a_deletion()
    {
        var update = new RefUpdate(Id('0'), Id('0'), Ref("refs/heads/main"));
        var noDeletion = new Rule("keep", Effect.Deny) { Changes = new HashSet<RefChange> { RefChange.Delete } };
        Assert.Equal(ReasonCode.DeniedByRule, Reason(Push(update), Enforce(Allow, noDeletion)));
    }

    [Fact]
    public void Nobody_needs_to_look_where_no_rule_that_may_match_asks()
    {
        var uninspected = Push(Update("refs/heads/main", forced: null));
        Assert.False(Enforce(Allow).AsksForForced(uninspected));
        Assert.False(Enforce(NoForce with { Refs = [Refs("other")] }).AsksForForced(uninspected));
        Assert.False(Enforce(NoForce).AsksForForced(Push(Update("refs/heads/main", forced: true), Create("refs/heads/x"), Delete("refs/heads/y"))));
        Assert.False(Enforce(NoForce).AsksForForced(Push()));
        Assert.False((Enforce(NoForce) with { Mode = Mode.Off }).AsksForForced(uninspected));
        Assert.True((Enforce(NoForce) with { Mode = Mode.Report }).AsksForForced(uninspected));
    }

    [Fact]
    public void Attack_a_push_whose_refs_are_never_said_escapes_no_denial_of_some_refs()
    {
        var policies = Enforce(Require("everyone"), new("closed", Effect.Deny) { Refs = [Refs("closed")] });
        Assert.Equal(new Reason(ReasonCode.DeniedByRule, "closed"), Decide(Hidden(HiddenRefs.Moved), policies, Grant()).Reason);
        Assert.Equal(new Reason(ReasonCode.DeniedByRule, "closed"), Decide(Hidden(HiddenRefs.Asked), policies, Grant()).Reason);
        Assert.Equal(ReasonCode.DeniedByRule, Reason(Hidden(HiddenRefs.Moved), Enforce(Allow, NoForce)));
        Assert.Equal(ReasonCode.DeniedByRule, Reason(Hidden(HiddenRefs.Moved), Enforce(Allow, new Rule("keep", Effect.Deny) { Changes = new HashSet<RefChange> { RefChange.Delete } })));
    }

    [Fact]
    public void Attack_a_push_whose_refs_are_never_said_meets_the_strictest_of_all_that_could_match()
    {
        var policies = Enforce(Allow, Require("topics") with { Refs = [Refs("topic/**")] }, Require("main", Strength.PhishingResistant) with { Refs = [Refs("main")] });
        var stepUp = Assert.IsType<Decision.StepUp>(Decide(Hidden(HiddenRefs.Moved), policies));
        Assert.Equal(("main", Strength.PhishingResistant), (stepUp.Reason.Rule, stepUp.Requirement.Strength));
    }

    [Fact]
    public void Attack_a_push_whose_refs_are_never_said_is_not_let_through_by_a_rule_for_some_refs()
    {
        Assert.Equal(ReasonCode.NoRuleMatched, Reason(Hidden(HiddenRefs.Moved), Enforce(Allow with { Refs = [Refs("sandbox/**")] })));
        Assert.Equal(ReasonCode.NoRuleMatched, Reason(Hidden(HiddenRefs.Moved), Enforce(Require("main") with { Refs = [Refs("main")] })));
        Assert.Equal(ReasonCode.NoRuleMatched, Reason(Hidden(HiddenRefs.Moved), Enforce(Allow with { Forced = false })));
        Assert.Equal(ReasonCode.NoSecondFactorOwed, Reason(Hidden(HiddenRefs.Moved), Enforce(Allow with { Refs = [Refs("refs/**")] })));
    }

    [Fact]
    public void Rules_that_contradict_each_other_deny_where_the_refs_are_never_said() =>
        Assert.Equal(ReasonCode.RequirementsContradict, Reason(Hidden(HiddenRefs.Moved), Enforce(
            Allow,
            Require("a", Strength.Strong, FactorKind.Totp) with { Refs = [Refs("a")] },
            Require("b", Strength.PhishingResistant, FactorKind.WebAuthn) with { Refs = [Refs("b")] })));

    [Fact]
    public void Attack_an_approval_of_certain_refs_covers_no_push_whose_refs_are_never_said()
    {
        var bound = Grant() with { Updates = OperationDigest.OfUpdates(Push(Update("refs/heads/main")).Command) };
        var policies = Enforce(Require("everyone"));
        Assert.Equal(ReasonCode.CoveredByGrant, Reason(Push(Update("refs/heads/main")), policies, bound));
        Assert.Equal(ReasonCode.SecondFactorOwed, Reason(Hidden(HiddenRefs.Moved), policies, bound));
        Assert.Equal(ReasonCode.CoveredByGrant, Reason(Hidden(HiddenRefs.Moved), policies, Grant()));
    }

    [Fact]
    public void Attack_a_push_whose_refs_are_never_said_uses_its_approval_up_too()
    {
        var policies = Enforce(Require("everyone"));
        Assert.Equal(ReasonCode.SecondFactorOwed, Reason(Hidden(HiddenRefs.Moved), policies, Grant() with { PushClaimed = true }));
        Assert.Equal(ReasonCode.CoveredByGrant, Reason(Hidden(HiddenRefs.Asked), policies, Grant() with { PushClaimed = true }));
    }

    private static AccessRequest Hidden(HiddenRefs hidden) => Push() switch { var push => push with { Command = push.Command with { Hidden = hidden } } };
}
