using Countersign.Core.Identities;
using Countersign.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Countersign.Server.Factors.DuoPush;

/// <summary>People's accounts at Duo.</summary>
internal sealed class DuoAccounts(IDbContextFactory<GatewayDbContext> databases, TimeProvider clock)
{
    public async Task<DuoAccountRow?> FindAsync(PrincipalId person, CancellationToken cancellation)
    {
        await using var database = await databases.CreateDbContextAsync(cancellation);
        return await database.DuoAccounts.AsNoTracking().SingleOrDefaultAsync(row => row.PersonId == person.Value, cancellation);
    }

    /// <summary>Whether an account is another person's already: it proves one person, never two.</summary>
    public async Task<bool> IsOthersAsync(PrincipalId person, string userName, CancellationToken cancellation)
    {
        await using var database = await databases.CreateDbContextAsync(cancellation);
        return await database.DuoAccounts.AnyAsync(row => row.UserName == userName && row.PersonId != person.Value, cancellation);
    }

    public async Task UsedAsync(Guid account)
    {
        await using var database = await databases.CreateDbContextAsync(CancellationToken.None);
        await database.DuoAccounts.Where(row => row.Id == account)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.LastUsedAt, clock.GetUtcNow()), CancellationToken.None);
    }

    /// <summary>False when the person has one meanwhile, or the account became somebody else's.</summary>
    public async Task<bool> TryAddAsync(DuoAccountRow account)
    {
        await using var database = await databases.CreateDbContextAsync(CancellationToken.None);
        database.DuoAccounts.Add(account);
        try
        {
            await database.SaveChangesAsync(CancellationToken.None);
            return true;
        }
        catch (DbUpdateException)
        {
            return false;
        }
    }

    public async Task ChooseAsync(Guid account, string device, string name)
    {
        await using var database = await databases.CreateDbContextAsync(CancellationToken.None);
        await database.DuoAccounts.Where(row => row.Id == account)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.Device, device).SetProperty(row => row.Name, name), CancellationToken.None);
    }
}
