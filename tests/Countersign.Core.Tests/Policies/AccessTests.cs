using Countersign.Core.Identities;
using Countersign.Core.Policies;
using static Countersign.Core.Tests.Policies.World;

namespace Countersign.Core.Tests.Policies;

/// <summary>Who may touch a repository at all, and the modes.</summary>
public sealed class AccessTests
{
    private static readonly Rule Everything = new("everything", Effect.Allow);

    public static TheoryData<Role, bool, bool, ReasonCode> Roles => new()
    {
        { Role.None, false, false, ReasonCode.RepositoryNotFound },
        { Role.None, false, true, ReasonCode.RepositoryNotFound },
        { Role.None, true, false, ReasonCode.NoSecondFactorOwed },
        { Role.None, true, true, ReasonCode.RoleTooLow },
        { Role.Read, false, false, ReasonCode.NoSecondFactorOwed },
        { Role.Read, false, true, ReasonCode.RoleTooLow },
        { Role.Read, true, true, ReasonCode.RoleTooLow },
        { Role.Write, false, true, ReasonCode.NoSecondFactorOwed },
        { Role.Admin, false, true, ReasonCode.NoSecondFactorOwed },
        { (Role)(-1), false, false, ReasonCode.RepositoryNotFound },
    };

    [Theory]
    [MemberData(nameof(Roles))]
    public void Role_and_visibility_come_before_any_rule(Role role, bool isPublic, bool write, ReasonCode expected)
    {
        var request = write ? Push(Update("refs/heads/main")) : Read();
        request = request with { Role = role, Repository = request.Repository! with { IsPublic = isPublic } };
        Assert.Equal(expected, Reason(request, Enforce(Everything)));
    }

    [Fact]
    public void A_repository_that_is_not_there_reads_like_one_that_may_not_be_seen()
    {
        var missing = Decide(Read() with { Repository = null, Role = Role.None }, Enforce(Everything));
        var hidden = Decide(Read() with { Role = Role.None }, Enforce(Everything));
        Assert.Equal(missing, hidden);
    }

    [Fact]
    public void Facts_about_another_repository_open_nothing()
    {
        var request = Read() with { Repository = Read("ACME/public").Repository! with { IsPublic = true } };
        Assert.Equal(ReasonCode.RepositoryNotFound, Reason(request, Enforce(Everything)));
    }

    [Fact]
    public void An_administrator_of_the_instance_gets_no_access_by_that()
    {
        var request = Read() with { Principal = Ann with { IsAdministrator = true }, Role = Role.None };
        Assert.Equal(ReasonCode.RepositoryNotFound, Reason(request, Enforce(Everything)));
    }

    [Theory]
    [InlineData(Mode.Off)]
    [InlineData(Mode.Report)]
    public void No_mode_lifts_the_roles(Mode mode) =>
        Assert.Equal(ReasonCode.RoleTooLow, Reason(Push(Update("refs/heads/main")) with { Role = Role.Read }, new(mode, [Everything])));

    [Fact]
    public void Off_asks_no_rule() =>
        Assert.Equal(ReasonCode.ModeOff, Reason(Read(), new(Mode.Off, [new("no", Effect.Deny)])));

    [Fact]
    public void Report_lets_through_and_says_what_enforcing_would_have_said()
    {
        var decision = Assert.IsType<Decision.Allow>(Decide(Read(), new(Mode.Report, [new("no", Effect.Deny)])));
        Assert.Equal(ReasonCode.ModeReport, decision.Reason.Code);
        Assert.Null(decision.Grant);
        Assert.Equal(new Reason(ReasonCode.DeniedByRule, "no"), decision.WouldHaveBeen!.Reason);
    }

    [Fact]
    public void A_mode_that_is_none_enforces() =>
        Assert.Equal(ReasonCode.NoRuleMatched, Reason(Read(), new((Mode)99, [])));

    [Theory]
    [InlineData("ACME/core", Mode.Report, ModeSource.Repository)]
    [InlineData("ACME/web", Mode.Off, ModeSource.WorkspaceInPolicy)]
    [InlineData("OTHER/core", Mode.Report, ModeSource.Workspace)]
    [InlineData("FREE/core", Mode.Enforce, ModeSource.Instance)]
    public void The_most_specific_mode_wins(string path, Mode expected, ModeSource source)
    {
        var policies = new PolicySet(Mode.Enforce, []) { Modes = new Dictionary<string, Mode> { ["ACME/core"] = Mode.Report, ["ACME/*"] = Mode.Off } };
        Mode? workspace = path[0] == 'F' ? null : Mode.Report;
        var facts = Read(path).Repository! with { WorkspaceMode = workspace };
        Assert.Equal(new EffectiveMode(expected, source), EffectiveMode.Of(facts, policies));
    }

    [Fact]
    public void No_policy_is_a_no()
    {
        Assert.Equal(ReasonCode.NoRuleMatched, Reason(Read(), Enforce()));
        Assert.Equal(ReasonCode.NoRuleMatched, Reason(Push(), Enforce()));
        Assert.Equal(ReasonCode.NoRuleMatched, Reason(Push(Update("refs/heads/main")), Enforce(), Grant()));
    }
}
