using Countersign.Core.Challenges;
using Countersign.Core.Policies;
using static Countersign.Core.Tests.Policies.World;

namespace Countersign.Core.Tests.Policies;

/// <summary>When signing in over SSH with a FIDO2 key is the second factor, and what people are told when it is not.</summary>
public sealed class SshSecurityKeysTests
{
    private static readonly Guid Model = new("ee882879-721c-4913-9775-3dfcce97072a");
    private static readonly SshSecurityKeys Default = new();
    private static readonly SshSecurityKeys Touching = new() { VerifyRequired = false, TouchOnly = Strength.Basic };

    public static TheoryData<SshSecurityKeys, HandshakeProof, Strength?> Worths => new()
    {
        { Default, Proof(verified: true), Strength.PhishingResistant },
        { Default, Proof(verified: true, attested: true), Strength.HardwareAttested },
        { Default, Proof(verified: false), null },
        { Default, Proof(verified: false, attested: true), null },
        { Touching, Proof(verified: false), Strength.Basic },
        { Touching, Proof(verified: false, attested: true), Strength.Basic },
        { Touching with { TouchOnly = null }, Proof(verified: false), null },
        { Touching with { VerifyRequired = true }, Proof(verified: false), null }, // signed in before the policy was tightened
        { Default with { Counts = false }, Proof(verified: true, attested: true), null },
        { Touching with { Counts = false }, Proof(verified: false), null },
    };

    [Theory]
    [MemberData(nameof(Worths))]
    public void What_a_sign_in_is_worth(SshSecurityKeys keys, HandshakeProof proof, Strength? expected) => Assert.Equal(expected, keys.Worth(proof));

    public static TheoryData<FactorRequirement, HandshakeProof, bool> Requirements => new()
    {
        { new(), Proof(verified: true), true },
        { new() { Strength = Strength.PhishingResistant }, Proof(verified: true), true },
        { new() { Strength = Strength.HardwareAttested }, Proof(verified: true), false },
        { new() { Strength = Strength.HardwareAttested }, Proof(verified: true, attested: true), true },
        { new() { Number = true, Strength = Strength.Basic }, Proof(verified: true, attested: true), false }, // nobody saw the number
        { new() { Kinds = Kinds(FactorKind.SecurityKeySsh) }, Proof(verified: true), true },
        { new() { Kinds = Kinds(FactorKind.WebAuthn, FactorKind.Totp) }, Proof(verified: true), false },
        { new() { Models = new HashSet<Guid> { Model } }, Proof(verified: true), false },
        { new() { Models = new HashSet<Guid> { Model } }, Proof(verified: true, attested: true) with { Aaguid = Model }, true },
        { new() { Models = new HashSet<Guid> { Model } }, Proof(verified: true, attested: true) with { Aaguid = Guid.Empty }, false },
        { new(), Proof(verified: false), false },
    };

    [Theory]
    [MemberData(nameof(Requirements))]
    public void It_is_what_is_owed_or_it_is_not(FactorRequirement requirement, HandshakeProof proof, bool satisfies)
    {
        var decision = Decide(Over(proof, FactorKind.Totp, FactorKind.WebAuthn), Enforce(new Rule("rule", Effect.Require) { Requirement = requirement }));
        Assert.Equal(satisfies, Assert.IsType<Decision.StepUp>(decision).ByHandshake);
    }

    [Fact]
    public void A_touch_is_basic_where_the_policy_says_so_and_no_more()
    {
        var policy = Enforce(Require("rule", Strength.Basic)) with { SshSecurityKeys = Touching };
        Assert.True(Assert.IsType<Decision.StepUp>(Decide(Over(Proof(verified: false)), policy)).ByHandshake);
        Assert.Equal(ReasonCode.NoFactorStrongEnough, Reason(Over(Proof(verified: false)), Enforce(Require("rule")) with { SshSecurityKeys = Touching }));
    }

    public static TheoryData<int, bool, bool> Freshness => new() { { 0, false, true }, { 119, false, true }, { 120, false, false }, { -1, false, false }, { 0, true, false } };

    [Theory]
    [MemberData(nameof(Freshness))]
    public void It_counts_once_soon_after_and_not_from_the_future(int secondsAgo, bool spent, bool usable)
    {
        var proof = Proof(verified: true) with { SignedInAt = Now.AddSeconds(-secondsAgo), IsSpent = spent };
        var asked = Assert.IsType<Decision.StepUp>(Decide(Over(proof, FactorKind.Totp), Enforce(Require("rule"))));
        Assert.Equal(usable, asked.ByHandshake);

        // Who has nothing else is not asked in vain, and is told what to do.
        Assert.Equal(usable ? ReasonCode.SecondFactorOwed : ReasonCode.SecurityKeyUsed, Reason(Over(proof), Enforce(Require("rule"))));
    }

    [Fact]
    public void Who_has_only_such_a_key_is_told_to_use_ssh_where_that_would_help()
    {
        var overHttps = Read() with { Principal = Person("ann") with { HasSshSecurityKey = true } };
        Assert.Equal(ReasonCode.SecurityKeyWantsSsh, Reason(overHttps, Enforce(Require("rule"))));
        Assert.Equal(ReasonCode.SecurityKeyWantsSsh, Reason(overHttps, Enforce(Require("rule", Strength.HardwareAttested))));
        Assert.Equal(ReasonCode.NoFactorSetUp, Reason(overHttps, Enforce(Require("rule", Strength.Strong, FactorKind.Totp))));
        Assert.Equal(ReasonCode.NoFactorSetUp, Reason(overHttps, Enforce(Require("rule")) with { SshSecurityKeys = new() { Counts = false } }));
        Assert.Equal(ReasonCode.NoFactorSetUp, Reason(overHttps, Enforce(new Rule("number", Effect.Require) { Requirement = new() { Number = true } })));
        Assert.Equal(ReasonCode.SecondFactorOwed, Reason(overHttps with { Principal = overHttps.Principal with { Factors = Kinds(FactorKind.Totp) } }, Enforce(Require("rule"))));
        Assert.Equal(ReasonCode.NoFactorSetUp, Reason(Read() with { Principal = Person("ann") }, Enforce(Require("rule"))));
    }

    [Fact]
    public void Recovery_codes_do_not_turn_it_into_a_factor_that_can_be_asked_for()
    {
        var spent = Over(Proof(verified: true) with { IsSpent = true }, FactorKind.RecoveryCode);
        Assert.Equal(ReasonCode.SecurityKeyUsed, Reason(spent, Enforce(Require("rule"))));
    }

    [Fact]
    public void Explaining_a_rule_says_what_such_a_key_would_do()
    {
        Assert.Equal("PIN or fingerprint at sign-in is enough", Explain(Enforce(Require("rule"))));
        Assert.Equal("PIN or fingerprint at sign-in is enough, for a key whose attestation was verified", Explain(Enforce(Require("rule", Strength.HardwareAttested))));
        Assert.Equal("a touch at sign-in is enough", Explain(Enforce(Require("rule", Strength.Basic)) with { SshSecurityKeys = Touching }));
        Assert.Equal("is not enough", Explain(Enforce(Require("rule", Strength.Strong, FactorKind.Totp))));
        Assert.Equal("does not count (ssh_security_keys)", Explain(Enforce(Require("rule")) with { SshSecurityKeys = new() { Counts = false } }));
        Assert.Null(Explain(Enforce(new Rule("free", Effect.Allow))));
    }

    private static string? Explain(PolicySet policies) => PolicyExplanation.Of(Read(), policies, [], Now).SshSecurityKey;

    private static HashSet<FactorKind> Kinds(params FactorKind[] kinds) => [.. kinds];

    private static HandshakeProof Proof(bool verified, bool attested = false) => new(verified, attested, null) { SignedInAt = Now };

    private static AccessRequest Over(HandshakeProof proof, params FactorKind[] factors) =>
        Read() with { Principal = Person("ann", factors) with { HasSshSecurityKey = true }, Handshake = proof };
}
