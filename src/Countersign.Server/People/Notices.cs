using Countersign.Core.Identities;
using Countersign.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Countersign.Server.People;

/// <summary>Notices kept in the database and shown on the Security page until dismissed.</summary>
internal sealed class Notices(IDbContextFactory<GatewayDbContext> databases, TimeProvider clock) : INotices
{
    public async Task TellAsync(PrincipalId person, string text, CancellationToken cancellation)
    {
        await using var database = await databases.CreateDbContextAsync(cancellation);
        database.Notices.Add(new() { Id = Guid.NewGuid(), PersonId = person.Value, At = clock.GetUtcNow(), Text = text });
        await database.SaveChangesAsync(cancellation);
    }

    public Task InviteAsync(PrincipalId person, string text, CancellationToken cancellation) => TellAsync(person, text, cancellation);

    public async Task<IReadOnlyList<Notice>> ListAsync(PrincipalId person, CancellationToken cancellation)
    {
        await using var database = await databases.CreateDbContextAsync(cancellation);
        var rows = await database.Notices
            .Where(row => row.PersonId == person.Value && row.DismissedAt == null)
            .OrderByDescending(row => row.At)
            .Take(100)
            .ToListAsync(cancellation);
        return [.. rows.Select(row => new Notice(row.Id.ToString("N"), row.At, row.Text))];
    }

    public async Task DismissAsync(PrincipalId person, string id, CancellationToken cancellation)
    {
        if (!Guid.TryParseExact(id, "N", out var key))
        {
            return;
        }

        var now = clock.GetUtcNow();
        await using var database = await databases.CreateDbContextAsync(cancellation);
        await database.Notices
            .Where(row => row.Id == key && row.PersonId == person.Value && row.DismissedAt == null)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.DismissedAt, now), cancellation);
    }
}
