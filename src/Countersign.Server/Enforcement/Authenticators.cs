using Countersign.Core.Challenges;
using Countersign.Core.Identities;
using Countersign.Server.Storage;

namespace Countersign.Server.Enforcement;

/// <summary>
/// Whether what has answered still is the person's. Between a push and its answer, or a tap and its number, a factor can be removed
/// and the same kind be set up anew: what the one before says counts no more.
/// </summary>
internal sealed class Authenticators(DatabaseReader reader)
{
    private const string DuoAccount = """SELECT 1 FROM "DuoAccounts" WHERE "Id" = $1 AND "PersonId" = $2""";

    /// <param name="principal">Whose; as they are now.</param>
    /// <param name="kind">Of which kind.</param>
    /// <param name="authenticator">The key of the person's record of it.</param>
    public bool IsStill(Principal principal, FactorKind kind, string? authenticator) =>
        principal.Factors.Contains(kind)
        && (kind is not FactorKind.DuoPush
            || (Guid.TryParseExact(authenticator, "N", out var account) && reader.First(DuoAccount, static _ => true, account, principal.Id.Value)));

    /// <summary>True where the number, typed alone, is half of a proof: a tap on the person's device is the other half, before it or after.</summary>
    public bool NumberCounts(Principal principal, Challenge challenge) => challenge.AwaitsNumber is { } proof
        ? IsStill(principal, proof.Kind, proof.AuthenticatorId)
        : challenge.Requirement is { Number: true } or { Strength: > Strength.Basic }
            && principal.Factors.Contains(FactorKind.DuoPush) && challenge.Requirement.CanBeSatisfiedBy(FactorKind.DuoPush);
}
