using Countersign.Core.Challenges;
using Countersign.Core.Identities;
using Countersign.Server.Audit;
using Countersign.Server.Factors;
using Countersign.Server.Factors.DuoPush;
using Countersign.Server.Factors.RecoveryCodes;
using Countersign.Server.Factors.Totp;
using Countersign.Server.Factors.WebAuthn;
using Countersign.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Countersign.Server.People;

internal sealed class FactorEnrolment(
    IDbContextFactory<GatewayDbContext> databases, IPeople people, TotpEnrolment apps, PasskeyEnrolment passkeys,
    RecoveryCodeBook recoveryCodes, FactorRemoval removal, AuditTrail audit, INotices notices, DuoEnrolment? duo = null) : IFactorEnrolment
{
    private const int MaxName = 60;
    private static readonly Refusal BadName = new("bad_name", $"Give it a name of 1 to {MaxName} printable characters.");

    public async Task<(string OtpauthUri, string Secret)> BeginTotpAsync(PrincipalId person, CancellationToken cancellation) =>
        await apps.BeginAsync(Existing(person), cancellation);

    public async Task<Result<(FactorSummary Factor, IReadOnlyList<string> RecoveryCodes)>> ConfirmTotpAsync(
        PrincipalId person, string code, string name, string actor, CancellationToken cancellation) =>
        Label.TryParse(name, MaxName, out var label)
            ? await AddedAsync(person, actor, await apps.ConfirmAsync(Existing(person), code, label, actor, cancellation), cancellation)
            : BadName;

    public async Task<Result<string>> AddTotpAsync(string name, string actor, CancellationToken cancellation)
    {
        if (await people.FindAsync(name, cancellation) is not { } person)
        {
            return Refusals.NoSuchPerson;
        }

        if (person.Factors.Count > 0)
        {
            return new Refusal("factor_already", "That person has a second factor already; reset it first.");
        }

        var uri = await apps.AddAsync(new(person.Id, person.Name), actor, cancellation);
        await notices.TellAsync(person.Id, News.Of(AuditTypes.FactorAdded), CancellationToken.None);
        return uri;
    }

    public Task<string> PasskeyOptionsAsync(PrincipalId person, CancellationToken cancellation) => passkeys.OptionsAsync(Existing(person), cancellation);

    public async Task<Result<(FactorSummary Factor, IReadOnlyList<string> RecoveryCodes)>> AddPasskeyAsync(
        PrincipalId person, string attestationJson, string name, string actor, CancellationToken cancellation) =>
        Label.TryParse(name, MaxName, out var label)
            ? await AddedAsync(person, actor, await passkeys.AddAsync(Existing(person), attestationJson, label, actor, cancellation), cancellation)
            : BadName;

    public async Task<Result<(FactorSummary Factor, IReadOnlyList<string> RecoveryCodes)>> ConfirmDuoAsync(
        PrincipalId person, string session, string? name, string actor, CancellationToken cancellation)
    {
        if (duo is null)
        {
            return new Refusal("duo_not_configured", "This gateway does not use Duo.");
        }

        var (label, principal) = ("", Existing(person));
        return name is null || Label.TryParse(name, MaxName, out label)
            ? await AddedAsync(
                person, actor, await duo.ConfirmAsync(principal, session, name is null ? null : label, actor, cancellation), cancellation,
                principal.Factors.Contains(FactorKind.DuoPush) ? AuditTypes.FactorDeviceChanged : AuditTypes.FactorAdded)
            : BadName;
    }

    public async Task<Result<FactorSummary>> RenameAsync(PrincipalId person, string factorId, string name, string actor, CancellationToken cancellation)
    {
        if (!Label.TryParse(name, MaxName, out var label))
        {
            return BadName;
        }

        await using var database = await databases.CreateDbContextAsync(cancellation);
        if (await FactorList.FindAsync(database, person, factorId, cancellation) is not { } factor)
        {
            return Refusals.NoSuchFactor;
        }

        if (factor.Kind is FactorKind.EmailApproval)
        {
            return new Refusal("bad_name", "It is called by your address; change that instead.");
        }

        await audit.RecordAsync(AuditTypes.FactorRenamed, actor, ("person_id", person.ToString()), ("factor_id", factorId), ("name", label));
        var id = Guid.ParseExact(factorId, "N");
        if (factor.Kind is FactorKind.WebAuthn)
        {
            await passkeys.RenameAsync(id, label);
        }
        else if (factor.Kind is FactorKind.DuoPush)
        {
            await database.DuoAccounts.Where(row => row.Id == id)
                .ExecuteUpdateAsync(set => set.SetProperty(row => row.Name, label), CancellationToken.None);
        }
        else
        {
            await database.TotpAuthenticators.Where(row => row.Id == id)
                .ExecuteUpdateAsync(set => set.SetProperty(row => row.Name, label), CancellationToken.None);
        }

        await notices.TellAsync(person, News.Of(AuditTypes.FactorRenamed, ("before", factor.Name), ("name", label)), CancellationToken.None);
        return factor with { Name = label };
    }

    public Task<Result<FactorSummary>> RemoveAsync(PrincipalId person, string factorId, string actor, CancellationToken cancellation) =>
        removal.RemoveAsync(person, factorId, actor, cancellation);

    public Task<IReadOnlyList<string>> MakeRecoveryCodesAsync(PrincipalId person, string actor, CancellationToken cancellation) =>
        recoveryCodes.MakeAsync(person, actor, cancellation);

    public Task<Result<PersonSummary>> ResetAsync(string name, string actor, CancellationToken cancellation) => removal.ResetAsync(name, actor, cancellation);

    private async Task<Result<(FactorSummary Factor, IReadOnlyList<string> RecoveryCodes)>> AddedAsync(
        PrincipalId person, string actor, Result<Guid> added, CancellationToken cancellation, string told = AuditTypes.FactorAdded)
    {
        if (added.Refusal is { } refusal)
        {
            return refusal;
        }

        await using var database = await databases.CreateDbContextAsync(CancellationToken.None);
        var factor = await FactorList.FindAsync(database, person, added.Value.ToString("N"), CancellationToken.None)
            ?? throw new InvalidOperationException("The factor was removed while it was added.");
        await notices.TellAsync(person, News.Of(told, ("factor", factor.Kind.ToString()), ("name", factor.Name)), CancellationToken.None);

        // The first factor brings the codes that recover it; a later one leaves those that were written down.
        var codes = await database.RecoveryCodes.AnyAsync(row => row.PersonId == person.Value, CancellationToken.None)
            ? []
            : await recoveryCodes.MakeAsync(person, actor, cancellation);
        return (factor, codes);
    }

    private Principal Existing(PrincipalId person) =>
        people.FindPrincipal(person) ?? throw new InvalidOperationException("The person is disabled or gone.");
}
