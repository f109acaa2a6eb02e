using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Core.Policies;
using static Countersign.Core.Tests.Policies.World;

namespace Countersign.Core.Tests.Policies;

/// <summary>Which rules match, and that the strictest wins.</summary>
public sealed class RulesTests
{
    private static readonly Rule Allow = new("allow", Effect.Allow);
    private static readonly Rule Deny = new("deny", Effect.Deny);
    private static readonly Rule Strong = Require("strong");

    [Fact]
    public void The_strictest_wins_whatever_the_order()
    {
        Assert.Equal(new Reason(ReasonCode.DeniedByRule, "deny"), Decide(Read(), Enforce(Allow, Strong, Deny)).Reason);
        Assert.Equal(new Reason(ReasonCode.SecondFactorOwed, "strong"), Decide(Read(), Enforce(Allow, Strong)).Reason);
        Assert.Equal(new Reason(ReasonCode.NoSecondFactorOwed, "allow"), Decide(Read(), Enforce(Allow)).Reason);
    }

    [Fact]
    public void An_effect_that_is_none_denies() =>
        Assert.Equal(ReasonCode.DeniedByRule, Reason(Read(), Enforce(Allow, new("odd", (Effect)99))));

    [Fact]
    public void Requirements_add_up_and_the_narrower_terms_hold()
    {
        var first = Strong with
        {
            Requirement = new() { Number = true, Kinds = new HashSet<FactorKind> { FactorKind.Totp, FactorKind.WebAuthn } },
            Terms = new() { Scope = GrantScope.Workspace, Idle = TimeSpan.FromMinutes(5), Max = TimeSpan.FromMinutes(6) },
        };
        var second = Require("keys", Strength.PhishingResistant) with { Terms = new() { Idle = TimeSpan.FromMinutes(4), Max = TimeSpan.FromHours(1) } };
        var stepUp = Assert.IsType<Decision.StepUp>(Decide(Read(), Enforce(first, second)));
        Assert.Equal("keys", stepUp.Reason.Rule);
        Assert.Equal(Strength.PhishingResistant, stepUp.Requirement.Strength);
        Assert.True(stepUp.Requirement.Number);
        Assert.Equal([FactorKind.Totp, FactorKind.WebAuthn], stepUp.Requirement.Kinds.Order().Reverse());
        Assert.Equal(new GrantTerms { Scope = GrantScope.Repository, Idle = TimeSpan.FromMinutes(4), Max = TimeSpan.FromMinutes(6) }, stepUp.Terms);
    }

    [Fact]
    public void Requirements_that_contradict_deny() =>
        Assert.Equal(
            ReasonCode.RequirementsContradict,
            Reason(Read(), Enforce(Require("a", Strength.Strong, FactorKind.Totp), Require("b", Strength.Strong, FactorKind.WebAuthn)), Grant()));

    public static TheoryData<string, Rule> NotForThisPush => new()
    {
        { "operations", Deny with { Operations = new HashSet<OperationClass> { OperationClass.Read } } },
        { "repositories", Deny with { Repositories = [Repositories("ACME/web"), Repositories("OTHER/*")] } },
        { "roles", Deny with { Roles = new HashSet<Role> { Role.Admin } } },
        { "people", Deny with { People = new HashSet<string> { "bob" } } },
        { "refs", Deny with { Refs = [Refs("release/**")] } },
        { "changes", Deny with { Changes = new HashSet<RefChange> { RefChange.Delete, RefChange.Create } } },
        { "forced", Deny with { Forced = true } },
        { "all but one", Deny with { Refs = [Refs("main")], People = new HashSet<string> { "ann" }, Roles = new HashSet<Role> { Role.Read } } },
    };

    [Theory]
    [MemberData(nameof(NotForThisPush))]
    public void A_rule_matches_only_when_every_condition_holds(string condition, Rule rule) =>
        Assert.True(Reason(Push(Update("refs/heads/main")), Enforce(Allow, rule)) == ReasonCode.NoSecondFactorOwed, condition);

    [Fact]
    public void A_rule_with_every_condition_matches_what_meets_them_all()
    {
        var rule = Deny with
        {
            Operations = new HashSet<OperationClass> { OperationClass.Write },
            Repositories = [Repositories("ACME/*")],
            Refs = [Refs("main")],
            Changes = new HashSet<RefChange> { RefChange.Update },
            Forced = false,
            Roles = new HashSet<Role> { Role.Write },
            People = new HashSet<string> { "ann" },
        };
        Assert.Equal(ReasonCode.DeniedByRule, Reason(Push(Update("refs/heads/main")), Enforce(Allow, rule)));
    }

    [Fact]
    public void Each_ref_is_matched_by_itself_and_the_strictest_over_all_wins()
    {
        var main = Require("main", Strength.PhishingResistant) with { Refs = [Refs("main")] };
        var branches = Allow with { Refs = [Refs("**")] };
        var tags = Deny with { Refs = [Refs("refs/tags/**")] };
        var policies = Enforce(branches, main, tags);
        Assert.Equal(ReasonCode.NoSecondFactorOwed, Reason(Push(Update("refs/heads/topic")), policies));
        Assert.Equal(ReasonCode.SecondFactorOwed, Reason(Push(Update("refs/heads/topic"), Update("refs/heads/main")), policies));
        Assert.Equal(ReasonCode.DeniedByRule, Reason(Push(Update("refs/heads/main"), Create("refs/tags/v1")), policies));
    }

    [Fact]
    public void One_ref_that_no_rule_knows_denies_the_whole_push()
    {
        var policies = Enforce(Strong with { Refs = [Refs("main")] });
        Assert.Equal(ReasonCode.NoRuleMatched, Reason(Push(Update("refs/heads/main"), Update("refs/notes/x")), policies, Grant()));
    }

    [Fact]
    public void Refs_of_one_push_that_ask_for_different_kinds_contradict()
    {
        var policies = Enforce(
            Require("a", Strength.Strong, FactorKind.Totp) with { Refs = [Refs("a")] },
            Require("b", Strength.Strong, FactorKind.WebAuthn) with { Refs = [Refs("b")] });
        Assert.Equal(ReasonCode.RequirementsContradict, Reason(Push(Update("refs/heads/a"), Update("refs/heads/b")), policies));
    }

    [Fact]
    public void Rules_about_refs_never_match_a_read() =>
        Assert.Equal(ReasonCode.NoRuleMatched, Reason(Read(), Enforce(Allow with { Refs = [Refs("refs/**")] })));

    [Fact]
    public void An_archive_is_a_read_like_any_other() =>
        Assert.Equal(ReasonCode.SecondFactorOwed, Reason(Request(new(GitService.UploadArchive, TheRepository)), Enforce(Strong)));
}
