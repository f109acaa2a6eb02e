namespace Countersign.Core.Challenges;

public enum FactorKind
{
    WebAuthn,
    Totp,
    RecoveryCode,
    DuoPush,
    EmailApproval,
    SecurityKeySsh,
}

/// <summary>How much a proof is worth; ordered, each satisfies the ones before.</summary>
public enum Strength
{
    Basic,
    Strong,
    PhishingResistant,
    HardwareAttested,
}

/// <summary>An answer that was given elsewhere, by the names that the far side has for it; for the audit log.</summary>
/// <param name="Transaction">The question that was answered, such as a push.</param>
/// <param name="Device">Where it was asked.</param>
public sealed record RemoteAnswer(string Transaction, string Device);

/// <summary>What a factor has proven, about which challenge.</summary>
/// <param name="ChallengeId">The only challenge that this proof can approve.</param>
/// <param name="Kind">By what.</param>
/// <param name="Strength">What that is worth, as verified, not as claimed.</param>
/// <param name="Authenticator">The owner's name for it, for example "YubiKey 5C".</param>
public sealed record FactorProof(ChallengeId ChallengeId, FactorKind Kind, Strength Strength, string Authenticator)
{
    /// <summary>The authenticator's model, where it has told one.</summary>
    public Guid? Aaguid { get; init; }

    /// <summary>The key of the record that proved it (credential id, authenticator key); for the audit log.</summary>
    public string? AuthenticatorId { get; init; }

    /// <summary>Set where the answer was given elsewhere, such as on a phone.</summary>
    public RemoteAnswer? Remote { get; init; }

    /// <summary>The number from the terminal was typed along with it, and was right.</summary>
    public bool NumberTyped { get; init; }

    /// <summary>The signed evidence (a WebAuthn assertion as JSON) that anyone can verify later; null for factors that leave none.</summary>
    public string? Evidence { get; init; }

    /// <summary>The same proof once its owner has typed the number. That makes a push that takes one tap a strong factor: nobody can type what only the right terminal shows.</summary>
    public FactorProof WithNumber() => this with
    {
        NumberTyped = true,
        Strength = Kind is FactorKind.DuoPush && Strength < Strength.Strong ? Strength.Strong : Strength,
    };
}
