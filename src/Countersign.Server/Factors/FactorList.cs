using Countersign.Core.Challenges;
using Countersign.Core.Identities;
using Countersign.Server.Factors.WebAuthn;
using Countersign.Server.People;
using Countersign.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Countersign.Server.Factors;

/// <summary>The second factors that a person has, oldest first. Recovery codes are not among them.</summary>
internal static class FactorList
{
    public static async Task<IReadOnlyList<FactorSummary>> OfAsync(GatewayDbContext database, PrincipalId person, CancellationToken cancellation)
    {
        var apps = await database.TotpAuthenticators
            .AsNoTracking()
            .Where(row => row.PersonId == person.Value && row.ConfirmedAt != null)
            .ToListAsync(cancellation);
        var passkeys = await (
            from facts in database.PasskeyFacts
            join passkey in database.UserPasskeys on facts.CredentialId equals passkey.CredentialId
            where facts.PersonId == person.Value
            select new { Facts = facts, passkey.Data.Name, passkey.Data.CreatedAt }).AsNoTracking().ToListAsync(cancellation);
        var duo = await database.DuoAccounts.AsNoTracking().Where(row => row.PersonId == person.Value).ToListAsync(cancellation);
        var mailed = await database.Users.AsNoTracking()
            .Where(row => row.Id == person.Value && row.EmailApprovalSince != null)
            .Select(row => new { row.Email, Since = row.EmailApprovalSince!.Value })
            .ToListAsync(cancellation);
        return
        [
            .. apps.Select(row => new FactorSummary(row.Id.ToString("N"), FactorKind.Totp, row.Name, null, row.CreatedAt, row.LastUsedAt))
                .Concat(passkeys.Select(row => new FactorSummary(
                    row.Facts.Id.ToString("N"), FactorKind.WebAuthn, row.Name ?? "passkey", AuthenticatorModels.NameOf(row.Facts.Aaguid), row.CreatedAt, row.Facts.LastUsedAt)))
                .Concat(duo.Select(row => new FactorSummary(row.Id.ToString("N"), FactorKind.DuoPush, row.Name, $"Duo account {row.UserName}", row.CreatedAt, row.LastUsedAt)))
                .Concat(mailed.Select(row => new FactorSummary(person.Value.ToString("N"), FactorKind.EmailApproval, row.Email ?? "", null, row.Since, null)))
                .OrderBy(factor => factor.CreatedAt),
        ];
    }

    public static async Task<FactorSummary?> FindAsync(GatewayDbContext database, PrincipalId person, string id, CancellationToken cancellation) =>
        (await OfAsync(database, person, cancellation)).SingleOrDefault(factor => factor.Id == id);
}
