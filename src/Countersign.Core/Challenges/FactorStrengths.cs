namespace Countersign.Core.Challenges;

/// <summary>What each kind of factor can be worth at most.</summary>
public static class FactorStrengths
{
    /// <returns>Null for a value that is no kind.</returns>
    public static Strength? Highest(this FactorKind kind) => kind switch
    {
        FactorKind.WebAuthn or FactorKind.SecurityKeySsh => Strength.HardwareAttested,
        FactorKind.Totp or FactorKind.RecoveryCode or FactorKind.DuoPush => Strength.Strong,
        FactorKind.EmailApproval => Strength.Basic,
        _ => null,
    };
}
