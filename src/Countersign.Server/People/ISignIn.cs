using Countersign.Core.Identities;

namespace Countersign.Server.People;

internal sealed record SessionStart(PrincipalId Person, string Name, bool SecondFactorPassed, bool MustSetUpFactor)
{
    /// <summary>Proven at the person's highest level: counts as a fresh step-up too. A code does not, for a person who has a passkey.</summary>
    public bool SteppedUp { get; init; }
}

/// <summary>Signing in. Failures are counted per person and per address, durably, and all look and take the same.</summary>
internal interface ISignIn
{
    /// <summary>Password, and a TOTP or recovery code where the person has a second factor.</summary>
    Task<Result<SessionStart>> PasswordAsync(string name, string password, string? code, ClientAddress from, CancellationToken cancellation);

    /// <summary>PublicKeyCredentialRequestOptionsJSON for a discoverable credential, and the key of the ceremony to hand back.</summary>
    Task<(string OptionsJson, string CeremonyKey)> PasskeyOptionsAsync(CancellationToken cancellation);

    Task<Result<SessionStart>> PasskeyAsync(string ceremonyKey, string assertionJson, ClientAddress from, CancellationToken cancellation);

    /// <summary>A fresh proof within a session.</summary>
    Task<string> StepUpOptionsAsync(PrincipalId person, string sessionKey, CancellationToken cancellation);

    Task<Result<bool>> StepUpAsync(PrincipalId person, string sessionKey, string? code, string? assertionJson, ClientAddress from, CancellationToken cancellation);
}
