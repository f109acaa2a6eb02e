using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Core.Policies;
using static Countersign.Core.Tests.Policies.World;

namespace Countersign.Core.Tests.Policies;

public sealed class PolicyExplanationTests
{
    private static PolicyExplanation Explain(AccessRequest request, PolicySet policies) => PolicyExplanation.Of(request, policies, [], Now);

    public static TheoryData<Rule, bool?, string> Words => new()
    {
        { new("r", Effect.Deny), true, "matches" },
        { new("r", Effect.Deny) { Operations = new HashSet<OperationClass> { OperationClass.Read } }, false, "is for read, this is a write" },
        { new("r", Effect.Deny) { Repositories = [Repositories("acme/WEB"), Repositories("*/*")] }, true, "matches" },
        { new("r", Effect.Deny) { Repositories = [Repositories("acme/WEB")] }, false, "is for ACME/web, this is ACME/core" },
        { new("r", Effect.Deny) { Roles = new HashSet<Role> { Role.Admin } }, false, "is for role admin, ann has role write" },
        { new("r", Effect.Deny) { People = new HashSet<string> { "bob" } }, false, "is for bob, this is ann" },
        { new("r", Effect.Deny) { Refs = [Refs("release/*")] }, false, "is for refs/heads/release/*, this is refs/heads/main" },
        { new("r", Effect.Deny) { Changes = new HashSet<RefChange> { RefChange.Delete } }, false, "is for delete, this is update" },
        { new("r", Effect.Deny) { Forced = true }, false, "is for forced updates, this is not forced" },
        { new("r", Effect.Deny) { Forced = false }, true, "matches" },
    };

    [Theory]
    [MemberData(nameof(Words))]
    public void Each_rule_says_the_first_condition_that_does_not_hold(Rule rule, bool? matched, string why)
    {
        var request = Request(PolicyExplanation.CommandOf(OperationClass.Write, TheRepository, Ref("refs/heads/main")));
        var explained = Assert.Single(Explain(request, Enforce(rule)).Rules);
        Assert.Equal(new RuleExplanation("r", Effect.Deny, matched, "refs/heads/main", why), explained);
    }

    [Fact]
    public void What_is_not_known_yet_is_said_to_be_so()
    {
        var request = Request(PolicyExplanation.CommandOf(OperationClass.Write, TheRepository, reference: null));
        var explained = Assert.Single(Explain(request, Enforce(new Rule("r", Effect.Deny) { Refs = [Refs("main")] })).Rules);
        Assert.Equal(new RuleExplanation("r", Effect.Deny, null, null, "depends on the refs of the push, which are not known yet"), explained);
        Assert.Contains("not known", Explain(Push(Update("refs/heads/x", null)), Enforce(new Rule("r", Effect.Deny) { Forced = true })).Rules[0].Why, StringComparison.Ordinal);
    }

    [Fact]
    public void A_rule_about_pushes_says_so_to_a_read()
    {
        var request = Request(PolicyExplanation.CommandOf(OperationClass.Read, TheRepository, Ref("refs/heads/main")));
        var explanation = Explain(request, Enforce(new Rule("r", Effect.Deny) { Refs = [Refs("main")] }));
        Assert.Equal("is about pushes, this is a read", Assert.Single(explanation.Rules).Why);
        Assert.Equal(ReasonCode.NoRuleMatched, explanation.Decision.Reason.Code);
    }

    [Fact]
    public void It_says_what_the_decision_point_says_and_where_the_mode_came_from()
    {
        var policies = Enforce(Require("everyone")) with { Modes = new Dictionary<string, Mode> { ["ACME/*"] = Mode.Report } };
        var explanation = Explain(Read(), policies);
        Assert.Equal(Decide(Read(), policies).Reason, explanation.Decision.Reason);
        Assert.Equal(new EffectiveMode(Mode.Report, ModeSource.WorkspaceInPolicy), explanation.Mode);
        Assert.Equal("set for its workspace in the policy", explanation.ModeInWords);
    }

    [Fact]
    public void Who_may_not_see_the_repository_learns_no_rule_of_it()
    {
        var explanation = Explain(Read() with { Role = Role.None }, Enforce(Require("secret project")));
        Assert.Empty(explanation.Rules);
        Assert.Null(explanation.Mode);
        Assert.Equal("", explanation.ModeInWords);
    }
}
