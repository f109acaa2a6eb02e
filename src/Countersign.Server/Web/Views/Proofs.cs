using Countersign.Core.Challenges;
using Countersign.Core.Identities;
using Countersign.Core.Policies;

namespace Countersign.Server.Web.Views;

/// <summary>
/// Which ways of approving the page offers this person for this requirement. It only spares them a refusal: what counts is
/// judged again, on the proof itself.
/// </summary>
internal sealed record Proofs(FactorRequirement Requirement, Principal Principal)
{
    public bool Passkey => Names(FactorKind.WebAuthn) && Principal.Factors.Contains(FactorKind.WebAuthn);

    public bool AuthenticatorApp => Codes(FactorKind.Totp) && Principal.Factors.Contains(FactorKind.Totp);

    public bool RecoveryCode => Codes(FactorKind.RecoveryCode) && Principal.Factors.Count > 0;

    /// <summary>What the rule asks for, in words, where it asks for more than any second factor.</summary>
    public string? Demand => Requirement switch
    {
        { Strength: Strength.HardwareAttested } => "The rule asks for an attested security key.",
        { Models.Count: > 0 } => "The rule asks for a security key of a named model.",
        { Strength: Strength.PhishingResistant } => "The rule asks for a security key or passkey.",
        { Kinds.Count: > 0 } => $"The rule asks for {string.Join(" or ", Requirement.Kinds.Order().Select(Words.Of))}.",
        _ => null,
    };

    private bool Names(FactorKind kind) => Requirement.Kinds.Count == 0 || Requirement.Kinds.Contains(kind);

    private bool Codes(FactorKind kind) => Requirement.Strength <= Strength.Strong && Requirement.Models.Count == 0 && Names(kind);
}
