using Countersign.Core.Identities;

namespace Countersign.Server.People;

/// <summary>Enrolling and removing second factors. Callers have made sure of a fresh step-up; every change is audited and told to the person.</summary>
internal interface IFactorEnrolment
{
    /// <summary>Starts an authenticator app: a secret that counts only once <see cref="ConfirmTotpAsync"/> has seen a code of it.</summary>
    Task<(string OtpauthUri, string Secret)> BeginTotpAsync(PrincipalId person, CancellationToken cancellation);

    /// <returns>The factor, and ten recovery codes when this was the first factor.</returns>
    Task<Result<(FactorSummary Factor, IReadOnlyList<string> RecoveryCodes)>> ConfirmTotpAsync(PrincipalId person, string code, string name, string actor, CancellationToken cancellation);

    /// <summary>For the CLI: an authenticator app that counts at once, only for a person with no factor yet.</summary>
    Task<Result<string>> AddTotpAsync(string name, string actor, CancellationToken cancellation);

    /// <summary>PublicKeyCredentialCreationOptionsJSON; the ceremony is kept on the server, single use, 5 min, bound to person and purpose.</summary>
    Task<string> PasskeyOptionsAsync(PrincipalId person, CancellationToken cancellation);

    Task<Result<(FactorSummary Factor, IReadOnlyList<string> RecoveryCodes)>> AddPasskeyAsync(PrincipalId person, string attestationJson, string name, string actor, CancellationToken cancellation);

    /// <summary>Takes the Duo account, or its other device, into use after the push to it was approved, in the session in which it was begun; without a name it is called as its device.</summary>
    Task<Result<(FactorSummary Factor, IReadOnlyList<string> RecoveryCodes)>> ConfirmDuoAsync(PrincipalId person, string session, string? name, string actor, CancellationToken cancellation);

    Task<Result<FactorSummary>> RenameAsync(PrincipalId person, string factorId, string name, string actor, CancellationToken cancellation);

    Task<Result<FactorSummary>> RemoveAsync(PrincipalId person, string factorId, string actor, CancellationToken cancellation);

    /// <summary>Ten new recovery codes; the old ones stop working. Each has 80 random bits, shown in groups of four.</summary>
    Task<IReadOnlyList<string>> MakeRecoveryCodesAsync(PrincipalId person, string actor, CancellationToken cancellation);

    /// <summary>Removes every factor of a person (administrator); the person sets up anew at the next sign-in with a password.</summary>
    Task<Result<PersonSummary>> ResetAsync(string name, string actor, CancellationToken cancellation);
}
