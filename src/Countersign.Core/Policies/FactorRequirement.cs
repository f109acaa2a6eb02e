using Countersign.Core.Challenges;

namespace Countersign.Core.Policies;

/// <summary>What must be proven.</summary>
public sealed record FactorRequirement
{
    public Strength Strength { get; init; } = Strength.Strong;

    /// <summary>Only these kinds; empty means any.</summary>
    public IReadOnlySet<FactorKind> Kinds { get; init; } = new HashSet<FactorKind>();

    /// <summary>Only these authenticator models (AAGUID); empty means any.</summary>
    public IReadOnlySet<Guid> Models { get; init; } = new HashSet<Guid>();

    /// <summary>The number from the terminal must be typed, whatever the factor.</summary>
    public bool Number { get; init; }

    /// <summary>A proof that claims more than its kind can be worth satisfies nothing.</summary>
    public bool IsSatisfiedBy(FactorProof proof) => IsSatisfiedBy(proof.Kind, proof.Strength, proof.Aaguid, proof.NumberTyped);

    /// <summary>The same before there is a challenge that the proof could be for.</summary>
    public bool IsSatisfiedBy(FactorKind kind, Strength strength, Guid? aaguid, bool numberTyped) =>
        strength >= Strength
        && strength <= kind.Highest()
        && (Kinds.Count == 0 || Kinds.Contains(kind))
        && (Models.Count == 0 || (aaguid is { } model && Models.Contains(model)))
        && (!Number || numberTyped);

    /// <summary>True when a factor of this kind, at its best, can satisfy it. Only passkeys and security keys tell their model.</summary>
    public bool CanBeSatisfiedBy(FactorKind kind) =>
        Strength <= kind.Highest()
        && (Kinds.Count == 0 || Kinds.Contains(kind))
        && (Models.Count == 0 || kind is FactorKind.WebAuthn or FactorKind.SecurityKeySsh);

    /// <summary>
    /// The strictest of two: what satisfies the result satisfies both. Null when nothing can, because they name different
    /// kinds or models.
    /// </summary>
    public static FactorRequirement? Both(FactorRequirement left, FactorRequirement right)
    {
        var kinds = Intersect(left.Kinds, right.Kinds);
        var models = Intersect(left.Models, right.Models);
        return kinds is null || models is null
            ? null
            : new()
            {
                Strength = left.Strength > right.Strength ? left.Strength : right.Strength,
                Kinds = kinds,
                Models = models,
                Number = left.Number || right.Number,
            };
    }

    private static IReadOnlySet<T>? Intersect<T>(IReadOnlySet<T> left, IReadOnlySet<T> right)
    {
        if (left.Count == 0 || right.Count == 0)
        {
            return left.Count == 0 ? right : left;
        }

        var both = left.Where(right.Contains).ToHashSet();
        return both.Count == 0 ? null : both;
    }
}
