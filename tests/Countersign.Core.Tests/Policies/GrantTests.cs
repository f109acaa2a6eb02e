using System.Net;
using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Core.Policies;
using static Countersign.Core.Tests.Policies.World;

namespace Countersign.Core.Tests.Policies;

/// <summary>A grant covers exactly what it names, for as long as it says.</summary>
public sealed class GrantTests
{
    private static readonly PolicySet Policies = Enforce(Require("everyone"));
    private static readonly AccessRequest APush = Push(Update("refs/heads/main"));

    private static readonly GrantTerms Wide = new() { Scope = GrantScope.Workspace, Idle = TimeSpan.FromHours(1), Max = TimeSpan.FromHours(8) };

    [Fact]
    public void A_live_grant_of_enough_strength_lets_the_command_through()
    {
        var decision = Assert.IsType<Decision.Allow>(Decide(APush, Policies, Grant()));
        Assert.Equal(Grant(), decision.Grant);
        Assert.Equal(new Reason(ReasonCode.CoveredByGrant, "everyone"), decision.Reason);
    }

    [Theory]
    [InlineData(-1, 0, false)]
    [InlineData(0, 0, true)]
    [InlineData(59.999, 0, true)]
    [InlineData(60, 0, false)]
    [InlineData(599.999, 590, true)]
    [InlineData(600, 599, false)]
    [InlineData(100, 40.001, true)]
    [InlineData(100, 40, false)]
    public void It_lives_from_its_creation_until_it_is_idle_or_old(double age, double lastUsed, bool live)
    {
        var grant = Grant() with { LastUsedAt = Now.AddSeconds(lastUsed) };
        Assert.Equal(live, grant.IsLive(Now.AddSeconds(age)));
    }

    [Fact]
    public void Times_without_end_do_not_overflow() =>
        Assert.True((Grant() with { Terms = new() { Idle = TimeSpan.MaxValue, Max = TimeSpan.MaxValue } }).IsLive(Now));

    public static TheoryData<string, Grant> Foreign => new()
    {
        { "person", Grant() with { PrincipalId = Person("bob").Id } },
        { "credential", Grant() with { CredentialId = "token-2" } },
        { "address", Grant() with { Network = "192.0.2.8" } },
        { "read only", Grant(OperationClass.Read) },
        { "repository", Grant() with { Repository = Path("ACME/web") } },
        { "same name elsewhere", Grant() with { Repository = Path("OTHER/core") } },
        { "workspace scope does not reach writes", Grant() with { Repository = Path("ACME/web"), Terms = Wide } },
        { "another command's key", Grant() with { CommandToken = new(ChallengeOne, "42") } },
        { "in use by another push", Grant() with { PushClaimed = true } },
        { "from the future", Grant() with { CreatedAt = Now.AddTicks(1) } },
        { "expired", Grant() with { CreatedAt = Now.AddMinutes(-10) } },
        { "idle", Grant() with { CreatedAt = Now.AddMinutes(-2), LastUsedAt = Now.AddMinutes(-1) } },
        { "too weak", Grant() with { Proof = Proof(FactorKind.DuoPush, Strength.Basic) } },
        { "worth less than it claims", Grant() with { Proof = Proof(FactorKind.EmailApproval, Strength.HardwareAttested) } },
    };

    [Theory]
    [MemberData(nameof(Foreign))]
    public void A_grant_that_names_something_else_covers_nothing(string why, Grant grant) =>
        Assert.True(Decide(APush, Policies, grant) is Decision.StepUp, why);

    [Fact]
    public void The_right_one_is_found_among_others() =>
        Assert.Equal(7, Assert.IsType<Decision.Allow>(Decide(APush, Policies, Grant(OperationClass.Read), Grant() with { Id = 7 })).Grant!.Id);

    [Fact]
    public void Another_number_in_the_command_key_is_another_command()
    {
        var request = APush with { CommandToken = new(ChallengeOne, "43") };
        Assert.Equal(ReasonCode.SecondFactorOwed, Reason(request, Policies, Grant() with { CommandToken = new(ChallengeOne, "42") }));
        Assert.Equal(ReasonCode.CoveredByGrant, Reason(request, Policies, Grant() with { CommandToken = new(ChallengeOne, "43") }));
    }

    [Fact]
    public void A_write_grant_covers_reads_of_its_repository_only()
    {
        Assert.Equal(ReasonCode.CoveredByGrant, Reason(Read(), Policies, Grant()));
        var wide = Enforce(Require("everyone") with { Terms = Wide });
        Assert.Equal(ReasonCode.SecondFactorOwed, Reason(Read("ACME/web"), wide, Grant() with { Terms = Wide }));
    }

    [Fact]
    public void A_workspace_wide_read_grant_covers_submodules_with_keys_of_their_own()
    {
        var wide = Enforce(Require("everyone") with { Terms = Wide });
        var grant = Grant(OperationClass.Read) with { Terms = Wide };
        var submodule = Read("ACME/web") with { CommandToken = new(ChallengeOne, "99") };
        Assert.Equal(ReasonCode.CoveredByGrant, Reason(submodule, wide, grant));
        Assert.Equal(ReasonCode.SecondFactorOwed, Reason(Read("OTHER/web"), wide, grant));
    }

    [Fact]
    public void Attack_a_wide_grant_of_a_lax_repository_does_not_open_one_whose_rule_is_narrow() =>
        Assert.Equal(ReasonCode.SecondFactorOwed, Reason(Read("ACME/web"), Policies, Grant(OperationClass.Read) with { Terms = Wide }));

    [Fact]
    public void A_policy_that_shortens_grants_bites_those_given_before()
    {
        var old = Grant() with { Terms = Wide, CreatedAt = Now.AddMinutes(-5), LastUsedAt = Now.AddMinutes(-2) };
        Assert.Equal(ReasonCode.CoveredByGrant, Reason(APush, Enforce(Require("everyone") with { Terms = Wide }), old));
        Assert.Equal(ReasonCode.SecondFactorOwed, Reason(APush, Policies, old));
    }

    [Fact]
    public void The_ref_list_may_be_read_while_a_push_uses_the_grant_but_no_other_push_goes() =>
        Assert.Equal(ReasonCode.CoveredByGrant, Reason(Push(), Policies, Grant() with { PushClaimed = true }));

    [Fact]
    public void Attack_an_approval_without_the_number_is_no_approval_where_a_ref_owes_it()
    {
        var main = Require("main") with { Refs = [Refs("main")], Requirement = new() { Number = true } };
        var policies = Enforce(Require("everyone"), main);
        Assert.Equal(ReasonCode.CoveredByGrant, Reason(Push(), policies, Grant()));
        Assert.True(Assert.IsType<Decision.StepUp>(Decide(APush, policies, Grant())).Requirement.Number);
        Assert.Equal(ReasonCode.CoveredByGrant, Reason(APush, policies, Grant() with { Proof = Proof() with { NumberTyped = true } }));
    }

    [Fact]
    public void Hosts_of_one_ipv6_network_share_a_grant_and_mapped_addresses_are_ipv4()
    {
        var grant = Grant() with { Network = new ClientAddress(IPAddress.Parse("2001:db8::1")).Network };
        Assert.Equal(ReasonCode.CoveredByGrant, Reason(APush with { Client = new(IPAddress.Parse("2001:db8::ffff:1")) }, Policies, grant));
        Assert.Equal(ReasonCode.SecondFactorOwed, Reason(APush with { Client = new(IPAddress.Parse("2001:db8:0:1::1")) }, Policies, grant));
        Assert.Equal(ReasonCode.CoveredByGrant, Reason(APush with { Client = new(IPAddress.Parse("::ffff:192.0.2.7")) }, Policies, Grant()));
    }
}
