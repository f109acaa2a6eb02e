using Countersign.Core.Challenges;
using Countersign.Core.Identities;
using Countersign.Server.Audit;
using Countersign.Server.Factors;
using Countersign.Server.Factors.DuoPush;
using Countersign.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Countersign.Server.People;

/// <summary>Removes one factor, or all of a person's.</summary>
internal sealed class FactorRemoval(
    IDbContextFactory<GatewayDbContext> databases, IPeople people, ISessions sessions, Throttles throttles, OfferedFactors offered,
    AuditTrail audit, INotices notices, AccessEndings endings, TimeProvider clock, DuoTrials? duo = null)
{
    public async Task<Result<FactorSummary>> RemoveAsync(PrincipalId person, string factorId, string actor, CancellationToken cancellation)
    {
        await using var database = await databases.CreateDbContextAsync(cancellation);

        // SQLite takes the write lock here, so that of two who remove the last two factors at once the second finds what the first has left.
        await using var transaction = await database.Database.BeginTransactionAsync(CancellationToken.None);
        var factors = await FactorList.OfAsync(database, person, CancellationToken.None);
        if (factors.SingleOrDefault(one => one.Id == factorId) is not { } factor)
        {
            return Refusals.NoSuchFactor;
        }

        var left = factors.Where(other => other.Id != factorId).ToList();
        var mailed = left.Find(other => other.Kind is FactorKind.EmailApproval);
        if (mailed is not null && offered.Has(FactorKind.EmailApproval) && !left.Exists(other => offered.Carries(other.Kind)))
        {
            return new Refusal("last_but_email", "Only approval by email would be left, and email is never the only second factor. Switch that off first, or add another passkey or app.");
        }

        await RecordRemovalAsync(person, factor, actor);
        duo?.Drop(person); // what was begun with it must not be finished without it
        var id = Guid.ParseExact(factorId, "N");
        await database.TotpAuthenticators.Where(row => row.Id == id).ExecuteDeleteAsync(CancellationToken.None);
        await database.DuoAccounts.Where(row => row.Id == id).ExecuteDeleteAsync(CancellationToken.None);
        await EndEmailAsync(database, id);
        await RemovePasskeysAsync(database, database.PasskeyFacts.Where(row => row.Id == id));
        if (left.TrueForAll(other => other.Kind is FactorKind.EmailApproval))
        {
            // Recovery codes recover a second factor; without one they would be a second factor of their own. And email that is not
            // offered now must not be the only one once it is again.
            await database.RecoveryCodes.Where(row => row.PersonId == person.Value).ExecuteDeleteAsync(CancellationToken.None);
            if (mailed is not null)
            {
                await RecordRemovalAsync(person, mailed, actor);
                await EndEmailAsync(database, person.Value);
            }
        }

        await transaction.CommitAsync(CancellationToken.None);
        await notices.TellAsync(person, News.Of(AuditTypes.FactorRemoved, ("name", factor.Name)), CancellationToken.None);
        return factor;
    }

    public async Task<Result<PersonSummary>> ResetAsync(string name, string actor, CancellationToken cancellation)
    {
        if (await people.FindAsync(name, cancellation) is not { } person)
        {
            return Refusals.NoSuchPerson;
        }

        await audit.RecordAsync(AuditTypes.FactorReset, actor, ("person", person.Name), ("person_id", person.Id.ToString()));
        duo?.Drop(person.Id);
        var (id, now) = (person.Id.Value, clock.GetUtcNow());
        List<Guid> keys;
        await using (var database = await databases.CreateDbContextAsync(cancellation))
        {
            await using var transaction = await database.Database.BeginTransactionAsync(CancellationToken.None);
            await database.TotpAuthenticators.Where(row => row.PersonId == id).ExecuteDeleteAsync(CancellationToken.None);
            await database.DuoAccounts.Where(row => row.PersonId == id).ExecuteDeleteAsync(CancellationToken.None);
            await EndEmailAsync(database, id);
            await database.RecoveryCodes.Where(row => row.PersonId == id).ExecuteDeleteAsync(CancellationToken.None);
            await RemovePasskeysAsync(database, database.PasskeyFacts.Where(row => row.PersonId == id));

            // The lost security key may hold these too, and over SSH they can be a second factor.
            keys = await database.SshKeys.Where(row => row.OwnerId == id && row.IsSecurityKey && row.RemovedAt == null).Select(row => row.Id).ToListAsync(CancellationToken.None);
            await database.SshKeys.Where(row => keys.Contains(row.Id))
                .ExecuteUpdateAsync(set => set.SetProperty(row => row.RemovedAt, now), CancellationToken.None);
            await transaction.CommitAsync(CancellationToken.None);
        }

        keys.ForEach(key => endings.Raise(new(person.Id, SshKeyId.Of(key))));
        await throttles.ClearAsync(ThrottleRule.Totp(person.Id), ThrottleRule.DuoPasscode(person.Id), ThrottleRule.EmailCode(person.Id), ThrottleRule.Recovery(person.Id));
        await sessions.EndAllAsync(person.Id, CancellationToken.None);
        await notices.TellAsync(person.Id, News.Of(AuditTypes.FactorReset), CancellationToken.None);
        return (await people.FindAsync(person.Id, CancellationToken.None))!;
    }

    private Task RecordRemovalAsync(PrincipalId person, FactorSummary factor, string actor) => audit.RecordAsync(
        AuditTypes.FactorRemoved, actor, ("person_id", person.ToString()), ("factor", factor.Kind.ToString()), ("factor_id", factor.Id), ("name", factor.Name));

    // Approval by mail is known by its person.
    private static Task<int> EndEmailAsync(GatewayDbContext database, Guid person) => database.Users.Where(row => row.Id == person)
        .ExecuteUpdateAsync(set => set.SetProperty(row => row.EmailApprovalSince, (DateTimeOffset?)null), CancellationToken.None);

    private static async Task RemovePasskeysAsync(GatewayDbContext database, IQueryable<PasskeyFacts> passkeys)
    {
        var ids = await passkeys.Select(row => row.CredentialId).ToListAsync(CancellationToken.None);
        foreach (var id in ids)
        {
            await database.UserPasskeys.Where(row => row.CredentialId == id).ExecuteDeleteAsync(CancellationToken.None); // takes its facts along
        }
    }
}
