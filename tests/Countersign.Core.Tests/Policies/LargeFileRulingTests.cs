using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Core.LargeFiles;
using Countersign.Core.Policies;
using static Countersign.Core.Tests.Policies.World;

namespace Countersign.Core.Tests.Policies;

/// <summary>Large files belong to no ref, and rules about refs must neither be stepped around with them nor stop everybody's work.</summary>
public sealed class LargeFileRulingTests
{
    private static readonly Rule AllowFeatures = For(Effect.Allow, "feature/**");
    private static readonly Rule DenyMain = For(Effect.Deny, "main");
    private static readonly Rule HardwareForMain = For(Effect.Require, "main") with { Requirement = new() { Strength = Strength.HardwareAttested } };
    private static readonly Rule NoForce = new("no force", Effect.Deny) { Forced = true };

    [Fact]
    public void Attack_an_allowance_of_some_refs_lets_no_lock_and_no_upload_for_any_ref_through()
    {
        var policies = Enforce(AllowFeatures, DenyMain);
        Assert.Equal(ReasonCode.SecondFactorOwed, Reason(Lock, policies));
        Assert.Equal(ReasonCode.SecondFactorOwed, Reason(Upload(null), policies));
        Assert.Equal(ReasonCode.SecondFactorOwed, Reason(Upload(null), Enforce(AllowFeatures)));
    }

    [Fact]
    public void An_upload_is_ruled_as_a_push_to_the_ref_that_it_names()
    {
        var policies = Enforce(AllowFeatures, DenyMain, NoForce);
        Assert.Equal(ReasonCode.NoSecondFactorOwed, Reason(Upload("refs/heads/feature/x"), policies));
        Assert.Equal(ReasonCode.DeniedByRule, Reason(Upload("refs/heads/main"), policies));
        Assert.Equal(ReasonCode.NoRuleMatched, Reason(Upload("refs/heads/other"), policies));
        Assert.Equal(Strength.HardwareAttested, Asked(Upload("refs/heads/main"), Enforce(AllowFeatures, HardwareForMain, NoForce)));
    }

    [Fact]
    public void Attack_a_lock_that_holds_for_every_ref_takes_what_the_strictest_takes()
    {
        var policies = Enforce(AllowFeatures, HardwareForMain);
        Assert.Equal(Strength.HardwareAttested, Asked(Lock, policies));
        Assert.Equal(Strength.HardwareAttested, Asked(Upload(null), Enforce(new Rule("all", Effect.Allow), HardwareForMain)));
    }

    [Fact]
    public void A_denial_of_some_refs_or_of_force_stops_no_large_file_of_the_others()
    {
        Assert.Equal(Strength.Strong, Asked(Upload(null), Enforce(Require("everyone"), DenyMain, NoForce)));
        Assert.Equal(ReasonCode.NoSecondFactorOwed, Reason(Lock, Enforce(new Rule("all", Effect.Allow), DenyMain, NoForce)));
        Assert.Equal(ReasonCode.NoSecondFactorOwed, Reason(Lock, Enforce(new Rule("gently", Effect.Allow) { Forced = false }, NoForce)));
    }

    [Fact]
    public void What_is_denied_for_every_ref_or_by_every_rule_is_denied()
    {
        Assert.Equal(ReasonCode.DeniedByRule, Reason(Upload("refs/heads/feature/x"), Enforce(AllowFeatures, new Rule("frozen", Effect.Deny))));
        Assert.Equal(ReasonCode.DeniedByRule, Reason(Lock, Enforce(AllowFeatures, new Rule("frozen", Effect.Deny) { Refs = [Refs("refs/**")] })));
        Assert.Equal(ReasonCode.DeniedByRule, Reason(Lock, Enforce(DenyMain)));
        Assert.Equal(ReasonCode.NoRuleMatched, Reason(Lock, Enforce()));
    }

    [Fact]
    public void An_allowance_of_some_refs_makes_a_question_no_harder() =>
        Assert.Equal(Strength.Basic, Asked(Lock, Enforce(AllowFeatures, Require("everyone", Strength.Basic))));

    [Fact]
    public void Rules_for_other_refs_that_contradict_each_other_are_no_contradiction()
    {
        var policies = Enforce(Kind("main", FactorKind.WebAuthn), Kind("release", FactorKind.Totp));
        Assert.Equal(ReasonCode.SecondFactorOwed, Reason(Lock, policies));

        static Rule Kind(string name, FactorKind kind) => Require(name, Strength.Strong, kind) with { Refs = [Refs(name)] };
    }

    [Fact]
    public void Where_only_rules_about_changes_speak_they_decide_and_an_allowance_is_a_question()
    {
        var creations = new Rule("new branches", Effect.Allow) { Changes = new HashSet<RefChange> { RefChange.Create } };
        Assert.Equal(ReasonCode.SecondFactorOwed, Reason(Upload("refs/heads/main"), Enforce(creations, NoForce)));
        Assert.Equal(ReasonCode.NoRuleMatched, Reason(Upload("refs/heads/main"), Enforce(NoForce)));
    }

    private static AccessRequest Lock => Of(LfsWork.Of(LfsVerb.Lock, "model.bin"));

    private static AccessRequest Upload(string? name) => Of(new(LfsVerb.Upload, 1, 10, "a") { For = name is null ? null : Ref(name) });

    private static AccessRequest Of(LfsWork work) => Request(new(GitService.ReceivePack, TheRepository) { Lfs = work });

    private static Rule For(Effect effect, string refs) => new(refs, effect) { Refs = [Refs(refs)] };

    private static Strength Asked(AccessRequest request, PolicySet policies)
    {
        var decision = Decide(request, policies);
        return decision switch
        {
            Decision.StepUp owed => owed.Requirement.Strength,
            Decision.Deny { Reason.Code: ReasonCode.NoFactorStrongEnough } => Strength.HardwareAttested,
            _ => throw new InvalidOperationException(decision.Reason.ToString()),
        };
    }
}
