using Countersign.Server.People;

namespace Countersign.Server.Api;

/// <param name="RecoveryCodesLeft">How many recovery codes still work.</param>
internal sealed record PersonView(
    string Name, string Email, bool Administrator, bool Disabled, bool Locked, IReadOnlyList<FactorView> Factors,
    int RecoveryCodesLeft, DateTimeOffset CreatedAt, DateTimeOffset? LastSignInAt)
{
    public static PersonView Of(PersonSummary person) => new(
        person.Name, person.Email, person.IsAdministrator, person.IsDisabled, person.IsLocked,
        [.. person.Factors.Select(FactorView.Of)], person.RecoveryCodesLeft, person.CreatedAt, person.LastSignInAt);
}

/// <param name="Id">To rename or remove it by.</param>
/// <param name="Kind">webauthn, totp, ...</param>
/// <param name="Name">The owner's name for it.</param>
/// <param name="Model">The authenticator's model, where it has told one.</param>
internal sealed record FactorView(string Id, string Kind, string Name, string? Model, DateTimeOffset CreatedAt, DateTimeOffset? LastUsedAt)
{
    public static FactorView Of(FactorSummary factor) =>
        new(factor.Id, Words.Of(factor.Kind), factor.Name, factor.Model, factor.CreatedAt, factor.LastUsedAt);
}
