using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Countersign.Core.Challenges;
using Countersign.Core.Identities;
using Countersign.Server.Audit;
using Countersign.Server.Enforcement;
using Countersign.Server.Factors;
using Countersign.Server.Factors.DuoPush;
using Countersign.Server.Factors.RecoveryCodes;
using Countersign.Server.Factors.Totp;
using Countersign.Server.Factors.WebAuthn;
using Countersign.Server.Storage.Sqlite;

namespace Countersign.Server.People;

internal sealed class SignIn(
    PasswordCheck passwords, IPeople people, TotpFactor totp, RecoveryCodeFactor recovery, WebAuthnFactor webAuthn, Assertions assertions,
    Throttles throttles, Ledger ledger, AuditTrail audit, INotices notices, IEnumerable<IFactor> factors) : ISignIn
{
    private const string StepUpPurpose = "step-up";
    private static readonly Refusal CodeOwed = new("code_required", "Give the code of your authenticator app or a recovery code, or sign in with a passkey.");
    private static readonly Refusal DuoDown = new("duo_unavailable", "Duo does not answer, so its passcode cannot be checked. Use a recovery code, or try again in a minute.");
    private static readonly Refusal StepUpRefused = new("refused", "That did not match. Try again.");

    public async Task<Result<SessionStart>> PasswordAsync(string name, string password, string? code, ClientAddress from, CancellationToken cancellation)
    {
        var subject = SubjectOf(name);
        var (byPassword, byAddress) = (ThrottleRule.Password(subject), ThrottleRule.Address(from));
        var attempt = await throttles.ReserveAsync(subject, from, byPassword, byAddress);
        if (!attempt.Allowed)
        {
            return RefusalOf(attempt.Locked, attempt.RetryAt);
        }

        var person = await passwords.VerifyAsync(name, password, cancellation);
        if (person is null || people.FindPrincipal(person.PrincipalId) is not { } principal)
        {
            var locks = attempt.Failures >= byPassword.LockAt;
            if (locks && await people.FindAsync(name, CancellationToken.None) is { } owner)
            {
                await notices.TellAsync(
                    owner.Id, News.Of(AuditTypes.SessionRefused, ("failures", attempt.Failures.ToString(CultureInfo.InvariantCulture))), CancellationToken.None);
            }

            return await RefuseAsync(from, "password", locks);
        }

        await ledger.WriteAsync(transaction =>
        {
            throttles.Succeeded(transaction, byPassword);
            Throttles.Refund(transaction, byAddress);
            RefusedNames.Forget(transaction, from, subject);
            return true;
        });
        var hasPasskey = principal.Factors.Contains(FactorKind.WebAuthn);
        if (!hasPasskey && !principal.Factors.Contains(FactorKind.Totp) && !principal.Factors.Contains(FactorKind.DuoPush))
        {
            await passwords.SignedInAsync(principal.Id);
            return new SessionStart(principal.Id, principal.Name, SecondFactorPassed: false, MustSetUpFactor: true);
        }

        if (string.IsNullOrWhiteSpace(code))
        {
            return CodeOwed;
        }

        var result = await VerifyCodeAsync(principal, new(CeremonyBinding.SignIn, "", "") { Client = from }, code.Trim(), cancellation);
        if (result.Proven is not { } proven)
        {
            return result.Failure is FactorFailure.Locked or FactorFailure.Delayed ? RefusalOf(result.Failure is FactorFailure.Locked, result.RetryAt)
                : result.Failure is FactorFailure.Unavailable ? DuoDown
                : await RefuseAsync(from, "code", false);
        }

        await passwords.SignedInAsync(principal.Id);
        return new SessionStart(principal.Id, principal.Name, SecondFactorPassed: true, MustSetUpFactor: false)
        {
            SteppedUp = !hasPasskey || proven.Kind is FactorKind.RecoveryCode,
        };
    }

    public async Task<(string OptionsJson, string CeremonyKey)> PasskeyOptionsAsync(CancellationToken cancellation)
    {
        var key = StoredSecret.Random256();
        return (await assertions.BeginAsync(new(CeremonyBinding.SignIn, KeySubject(key), ""), "", []), key);
    }

    public async Task<Result<SessionStart>> PasskeyAsync(string ceremonyKey, string assertionJson, ClientAddress from, CancellationToken cancellation)
    {
        var byAddress = ThrottleRule.Passkeys(from);
        var attempt = await throttles.ReserveAsync(byAddress);
        if (!attempt.Allowed)
        {
            return RefusalOf(attempt.Locked, attempt.RetryAt);
        }

        var (accepted, _) = await assertions.VerifyAsync(new(CeremonyBinding.SignIn, KeySubject(ceremonyKey), ""), "", assertionJson, null, cancellation);
        if (accepted is null || people.FindPrincipal(accepted.Passkey.Person) is not { } principal)
        {
            return await RefuseAsync(from, "passkey", false);
        }

        await ledger.WriteAsync(transaction =>
        {
            throttles.Succeeded(transaction, byAddress);
            RefusedNames.Forget(transaction, from, principal.Name);
            Throttles.Clear(transaction, ThrottleRule.Password(principal.Name));
            Throttles.Clear(transaction, ThrottleRule.Totp(principal.Id));
            Throttles.Clear(transaction, ThrottleRule.DuoPasscode(principal.Id));
            Throttles.Clear(transaction, ThrottleRule.EmailCode(principal.Id));
            Throttles.Clear(transaction, ThrottleRule.Recovery(principal.Id));
            return true;
        });
        await passwords.SignedInAsync(principal.Id);
        return new SessionStart(principal.Id, principal.Name, SecondFactorPassed: true, MustSetUpFactor: false) { SteppedUp = true };
    }

    public Task<string> StepUpOptionsAsync(PrincipalId person, string sessionKey, CancellationToken cancellation) =>
        webAuthn.OptionsAsync(people.FindPrincipal(person) ?? throw new InvalidOperationException("The person is disabled or gone."), new(StepUpPurpose, sessionKey, ""), cancellation);

    public async Task<Result<bool>> StepUpAsync(PrincipalId person, string sessionKey, string? code, string? assertionJson, ClientAddress from, CancellationToken cancellation)
    {
        if (people.FindPrincipal(person) is not { } principal)
        {
            return StepUpRefused;
        }

        var purpose = new ProofPurpose(StepUpPurpose, sessionKey, "") { Client = from };
        FactorResult result;
        if (assertionJson is not null)
        {
            result = await webAuthn.VerifyAsync(principal, purpose, new(null, assertionJson), cancellation);
        }
        else if (DuoPasscodeFactor.IsWellFormed(code?.Trim()) && principal.Factors.Contains(FactorKind.WebAuthn))
        {
            // A code or passcode that was phished must not add or remove a passkey.
            return new Refusal("passkey_required", "Use your passkey, or a recovery code if you have lost it.");
        }
        else
        {
            result = await VerifyCodeAsync(principal, purpose, code?.Trim() ?? "", cancellation);
        }

        if (result.Proven is not { } proven)
        {
            return result.Failure is FactorFailure.Locked or FactorFailure.Delayed ? RefusalOf(result.Failure is FactorFailure.Locked, result.RetryAt)
                : result.Failure is FactorFailure.Unavailable ? DuoDown : StepUpRefused;
        }

        await audit.RecordAsync(
            AuditTypes.StepUpPassed, principal.Name,
            ("person_id", person.ToString()), ("session", sessionKey), ("factor", proven.Kind.ToString()), ("factor_id", proven.AuthenticatorId));
        return true;
    }

    /// <summary>Six digits are the app's where there is one. A Duo passcode has six to eight.</summary>
    private Task<FactorResult> VerifyCodeAsync(Principal principal, ProofPurpose purpose, string code, CancellationToken cancellation) =>
        OneTimeCode.IsWellFormed(code) && (principal.Factors.Contains(FactorKind.Totp) || !principal.Factors.Contains(FactorKind.DuoPush))
            ? totp.VerifyAsync(principal, purpose, new(code, null), cancellation)
            : DuoPasscodeFactor.IsWellFormed(code) && factors.SingleOrDefault(factor => factor.Kind is FactorKind.DuoPush) is { } duo
            ? duo.VerifyAsync(principal, purpose, new(code, null), cancellation)
            : recovery.VerifyAsync(principal, purpose, new(code, null), cancellation);

    // The name is not recorded: people type passwords into the wrong field.
    private async Task<Refusal> RefuseAsync(ClientAddress from, string what, bool locks)
    {
        await audit.RecordAsync(AuditTypes.SessionRefused, "anonymous", ("address", from.ToString()), ("refused", what), ("locked", locks ? "true" : "false"));
        return Refusals.SignInRefused;
    }

    private Refusal RefusalOf(bool locked, DateTimeOffset? retryAt) =>
        locked ? Refusals.Locked : Refusals.Delayed(passwords.Until(retryAt));

    /// <summary>A text that can be nobody's name is counted too, under a key that cannot be one.</summary>
    private static string SubjectOf(string name) =>
        PersonName.TryParse(name, out var canonical) ? canonical : "?" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)).AsSpan(0, 16));

    // The key stays with the browser; what is stored does not let a reader of the database finish the ceremony.
    private static string KeySubject(string key) => Convert.ToHexStringLower(StoredSecret.Hash(key));
}
