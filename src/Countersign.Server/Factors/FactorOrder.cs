using System.Diagnostics.CodeAnalysis;
using Countersign.Core.Challenges;
using Countersign.Core.Identities;

namespace Countersign.Server.Factors;

/// <summary>In which order a person is asked by the factors they have. Recovery codes and SSH keys are asked for by nobody.</summary>
internal static class FactorOrder
{
    /// <summary>Where the person has said nothing: what comes to them first, and what is worth least last.</summary>
    public static readonly IReadOnlyList<FactorKind> Usual = [FactorKind.DuoPush, FactorKind.WebAuthn, FactorKind.Totp, FactorKind.EmailApproval];

    /// <summary>The kinds that the person has; those that their own order does not name come after it.</summary>
    public static IEnumerable<FactorKind> Of(Principal principal) =>
        principal.FactorOrder.Concat(Usual).Distinct().Where(principal.Factors.Contains);

    /// <summary>As stored: the kinds' names with commas between.</summary>
    public static string Write(IEnumerable<FactorKind> order) => string.Join(',', order);

    /// <summary>What is stored; null or what is no order reads as none.</summary>
    public static IReadOnlyList<FactorKind> Read(string? stored) =>
        stored is not null && TryParse(stored.Split(','), out var order) ? order : [];

    /// <summary>Each of <see cref="Usual"/> at most once, and nothing else.</summary>
    public static bool TryParse(IReadOnlyCollection<string> names, [NotNullWhen(true)] out IReadOnlyList<FactorKind>? order)
    {
        var kinds = new List<FactorKind>();
        foreach (var name in names)
        {
            if (!Enum.TryParse<FactorKind>(name, out var kind) || kind.ToString() != name || !Usual.Contains(kind) || kinds.Contains(kind))
            {
                order = null;
                return false;
            }

            kinds.Add(kind);
        }

        order = kinds;
        return true;
    }
}
