using Countersign.Core.Challenges;
using Countersign.Core.Policies;
using static Countersign.Core.Tests.Policies.World;

namespace Countersign.Core.Tests.Policies;

/// <summary>Nobody is asked for what they cannot give: they are told what to set up.</summary>
public sealed class FactorsTests
{
    private static readonly Guid Model = new("ee882879-721c-4913-9775-3dfcce97072a");

    public static TheoryData<FactorKind[], Strength, ReasonCode> Factors => new()
    {
        { [], Strength.Basic, ReasonCode.NoFactorSetUp },
        { [FactorKind.RecoveryCode], Strength.Basic, ReasonCode.NoFactorSetUp },
        { [FactorKind.EmailApproval], Strength.Basic, ReasonCode.SecondFactorOwed },
        { [FactorKind.EmailApproval], Strength.Strong, ReasonCode.NoFactorStrongEnough },
        { [FactorKind.EmailApproval, FactorKind.RecoveryCode], Strength.Strong, ReasonCode.SecondFactorOwed },
        { [FactorKind.DuoPush], Strength.Strong, ReasonCode.SecondFactorOwed },
        { [FactorKind.Totp], Strength.Strong, ReasonCode.SecondFactorOwed },
        { [FactorKind.Totp, FactorKind.DuoPush, FactorKind.EmailApproval], Strength.PhishingResistant, ReasonCode.NoFactorStrongEnough },
        { [FactorKind.WebAuthn], Strength.HardwareAttested, ReasonCode.SecondFactorOwed },
        { [FactorKind.SecurityKeySsh], Strength.HardwareAttested, ReasonCode.SecondFactorOwed },
        { [(FactorKind)99], Strength.Basic, ReasonCode.NoFactorStrongEnough },
    };

    [Theory]
    [MemberData(nameof(Factors))]
    public void Who_has_nothing_that_could_satisfy_is_told_so(FactorKind[] factors, Strength strength, ReasonCode expected) =>
        Assert.Equal(expected, Reason(Read() with { Principal = Person("ann", factors) }, Enforce(Require("rule", strength))));

    [Fact]
    public void Kinds_and_models_narrow_what_can_satisfy()
    {
        var totpOnly = Read() with { Principal = Person("ann", FactorKind.Totp) };
        var keysOnly = Enforce(Require("keys", Strength.Basic, FactorKind.WebAuthn));
        var oneModel = Enforce(new Rule("model", Effect.Require) { Requirement = new() { Strength = Strength.Basic, Models = new HashSet<Guid> { Model } } });
        Assert.Equal(ReasonCode.NoFactorStrongEnough, Reason(totpOnly, keysOnly));
        Assert.Equal(ReasonCode.NoFactorStrongEnough, Reason(totpOnly, oneModel));
        Assert.Equal(ReasonCode.SecondFactorOwed, Reason(Read(), oneModel));
    }

    [Fact]
    public void A_person_without_a_factor_is_still_covered_by_a_live_grant() =>
        Assert.Equal(ReasonCode.CoveredByGrant, Reason(Read() with { Principal = Person("ann") }, Enforce(Require("rule")), Grant()));

    public static TheoryData<FactorProof, FactorRequirement, bool> Proofs => new()
    {
        { Proof(), new(), true },
        { Proof(FactorKind.DuoPush, Strength.Basic), new(), false },
        { Proof(FactorKind.WebAuthn, Strength.HardwareAttested), new(), true },
        { Proof(), new() { Kinds = new HashSet<FactorKind> { FactorKind.WebAuthn } }, false },
        { Proof(FactorKind.WebAuthn, Strength.HardwareAttested), new() { Models = new HashSet<Guid> { Model } }, false },
        { Proof(FactorKind.WebAuthn, Strength.HardwareAttested) with { Aaguid = Guid.Empty }, new() { Models = new HashSet<Guid> { Model } }, false },
        { Proof(FactorKind.WebAuthn, Strength.HardwareAttested) with { Aaguid = Model }, new() { Models = new HashSet<Guid> { Model } }, true },
        { Proof(), new() { Number = true }, false },
        { Proof() with { NumberTyped = true }, new() { Number = true }, true },
        { Proof(FactorKind.Totp, Strength.PhishingResistant), new(), false },
        { Proof(FactorKind.Totp, (Strength)99), new(), false },
        { Proof((FactorKind)99, Strength.Strong), new(), false },
        { Proof(FactorKind.EmailApproval, (Strength)(-1)), new() { Strength = Strength.Basic }, false },
    };

    [Theory]
    [MemberData(nameof(Proofs))]
    public void A_proof_satisfies_by_strength_kind_model_and_number(FactorProof proof, FactorRequirement requirement, bool satisfied) =>
        Assert.Equal(satisfied, requirement.IsSatisfiedBy(proof));
}
