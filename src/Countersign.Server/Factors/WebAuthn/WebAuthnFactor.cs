using Countersign.Core.Challenges;
using Countersign.Core.Identities;
using Countersign.Server.Audit;
using Countersign.Server.Enforcement;
using Countersign.Server.People;

namespace Countersign.Server.Factors.WebAuthn;

/// <summary>
/// Passkeys and security keys. Never throttled or locked: a signature cannot be guessed, so counting failures could only
/// lock the owner out. Success lifts the locks of the weaker factors.
/// </summary>
internal sealed class WebAuthnFactor(Assertions assertions, Passkeys passkeys, Throttles throttles, AuditTrail audit) : IFactor
{
    public FactorKind Kind => FactorKind.WebAuthn;

    /// <returns>PublicKeyCredentialRequestOptionsJSON that names this person's passkeys, bound to the purpose's digest.</returns>
    public async Task<string> OptionsAsync(Principal principal, ProofPurpose purpose, CancellationToken cancellation = default) =>
        await assertions.BeginAsync(Binding(principal, purpose), purpose.Digest, await passkeys.OfAsync(principal.Id, cancellation));

    public async Task<FactorResult> VerifyAsync(Principal principal, ProofPurpose purpose, FactorInput input, CancellationToken cancellation)
    {
        if (input.AssertionJson is not { } json)
        {
            return new(FactorFailure.Refused);
        }

        var (accepted, error) = await assertions.VerifyAsync(Binding(principal, purpose), purpose.Digest, json, principal.Id, cancellation);
        if (accepted is null)
        {
            await audit.RecordAsync(
                AuditTypes.FactorFailed, principal.Name,
                ("person_id", principal.Id.ToString()), ("factor", Kind.ToString()), ("purpose", purpose.Purpose), ("subject", purpose.Subject), ("error", error.ToString()));
            return new((await passkeys.OfAsync(principal.Id, cancellation)).Count == 0 ? FactorFailure.NotSetUp : FactorFailure.Refused);
        }

        await throttles.ClearAsync(ThrottleRule.Totp(principal.Id), ThrottleRule.Recovery(principal.Id), ThrottleRule.Password(principal.Name));
        var record = accepted.Passkey.Record;
        return new(FactorFailure.None, new(
            Kind,
            record.Attestation.HardwareAttested ? Strength.HardwareAttested : Strength.PhishingResistant,
            accepted.Passkey.Name,
            accepted.Passkey.Id.ToString("N"),
            record.Aaguid.IsZero ? null : record.Aaguid.Value,
            AssertionEvidence.Of(accepted)));
    }

    private static CeremonyBinding Binding(Principal principal, ProofPurpose purpose) => new(purpose.Purpose, purpose.Subject, principal.Id.ToString());
}
