using Countersign.Core.Challenges;
using Countersign.Core.Identities;
using Countersign.Core.WebAuthn;
using Countersign.Server.Audit;
using Countersign.Server.People;

namespace Countersign.Server.Factors.WebAuthn;

/// <summary>Registers passkeys.</summary>
internal sealed class PasskeyEnrolment(Ceremonies ceremonies, Passkeys passkeys, PasskeyPolicy policy, AuditTrail audit, TimeProvider clock)
{
    private const int MaxPasskeys = 20;

    public async Task<string> OptionsAsync(Principal person, CancellationToken cancellation)
    {
        var relyingParty = policy.RelyingParty;
        var existing = await passkeys.OfAsync(person.Id, cancellation);
        var ceremony = await ceremonies.BeginAsync(Binding(person), "");
        return new CreationOptions(
            relyingParty,
            ceremony.Challenge,
            new(Passkeys.HandleOf(person.Id), person.Name, person.Name),
            [.. existing.Select(passkey => CredentialDescriptor.Of(passkey.Record))]).ToJson();
    }

    public async Task<Result<Guid>> AddAsync(Principal person, string attestationJson, string name, string actor, CancellationToken cancellation)
    {
        if (!policy.IsAvailable
            || !RegistrationResponse.TryParse(attestationJson, out var response)
            || !CollectedClientData.TryParse(response.ClientDataJson, out var client)
            || await ceremonies.TakeAsync(Binding(person), client.Challenge) is not { } ceremony)
        {
            return NotAccepted;
        }

        var result = RegistrationCeremony.Verify(
            new(policy.RelyingParty, ceremony.Challenge, policy.Trust, clock.GetUtcNow()) { RefuseBackupEligible = policy.RefuseBackupEligible }, response);
        if (result.Credential is not { } record)
        {
            await audit.RecordAsync(
                AuditTypes.FactorFailed, actor,
                ("person_id", person.Id.ToString()), ("factor", nameof(FactorKind.WebAuthn)), ("purpose", CeremonyBinding.Register), ("error", result.Error.ToString()));
            return result.Error is WebAuthnError.BackupEligibleRefused ? SyncedRefused : NotAccepted;
        }

        if (!policy.Accepts(record))
        {
            return new Refusal("model_refused", "This gateway does not accept this model of authenticator.");
        }

        if ((await passkeys.OfAsync(person.Id, cancellation)).Count >= MaxPasskeys)
        {
            return new Refusal("too_many", $"A person has at most {MaxPasskeys} passkeys.");
        }

        if (await passkeys.FindAsync(record.Id, cancellation) is not null)
        {
            return Registered;
        }

        var id = Guid.NewGuid();
        await audit.RecordAsync(
            AuditTypes.FactorAdded, actor,
            ("person_id", person.Id.ToString()), ("factor", nameof(FactorKind.WebAuthn)), ("factor_id", id.ToString("N")), ("name", name),
            ("aaguid", record.Aaguid.ToString()), ("attestation", record.Attestation.Format), ("hardware_attested", record.Attestation.HardwareAttested ? "true" : "false"));
        return await passkeys.AddAsync(id, person.Id, name, record, response) ? id : Registered;
    }

    public Task RenameAsync(Guid id, string name) => passkeys.RenameAsync(id, name);

    private static readonly Refusal NotAccepted = new("refused", "The passkey was not accepted. Start adding it again.");
    private static readonly Refusal Registered = new("registered_already", "This passkey is registered already.");
    private static readonly Refusal SyncedRefused = new("synced_refused", "This gateway accepts only passkeys that stay on one device: use a security key.");

    private static CeremonyBinding Binding(Principal person) => new(CeremonyBinding.Register, person.Id.ToString(), person.Id.ToString());
}
