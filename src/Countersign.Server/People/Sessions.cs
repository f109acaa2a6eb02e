using Countersign.Core.Identities;
using Countersign.Server.Audit;
using Countersign.Server.Factors.DuoPush;
using Countersign.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Countersign.Server.People;

internal sealed class Sessions(
    IDbContextFactory<GatewayDbContext> databases, DatabaseReader reader, PrincipalReader principals, LastUses uses, KnownNetworks networks, AuditTrail audit, TimeProvider clock,
    DuoTrials? duo = null) : ISessions
{
    public static readonly TimeSpan Idle = TimeSpan.FromHours(1);
    public static readonly TimeSpan Absolute = TimeSpan.FromHours(24);
    private const int MaxUserAgent = 256;

    private const string ByHash = $"""
        SELECT {PrincipalQuery.Columns}, s."Id", s."SecondFactorPassed", s."SteppedUpAt", s."ExpiresAt"
        FROM "Sessions" s JOIN "AspNetUsers" p ON p."Id" = s."PersonId"
        WHERE s."Hash" = $1 AND s."ExpiresAt" > $2 AND s."LastSeenAt" > $3 AND p."DisabledAt" IS NULL
        """;

    public async Task<(string Secret, DateTimeOffset ExpiresAt)> StartAsync(SessionStart start, ClientAddress from, string userAgent, CancellationToken cancellation)
    {
        var now = clock.GetUtcNow();
        var secret = StoredSecret.NewSession();
        var row = new SessionRow
        {
            Id = Guid.NewGuid(), PersonId = start.Person.Value, Hash = StoredSecret.Hash(secret), StartedAt = now, LastSeenAt = now, ExpiresAt = now + Absolute,
            SecondFactorPassed = start.SecondFactorPassed, SteppedUpAt = start.SteppedUp ? now : null,
            From = from.ToString(), UserAgent = Printable(userAgent),
        };
        await audit.RecordAsync(
            AuditTypes.SessionStarted, start.Name,
            ("person_id", start.Person.ToString()), ("session", row.Id.ToString("N")), ("address", row.From), ("second_factor", start.SecondFactorPassed ? "true" : "false"));
        await using var database = await databases.CreateDbContextAsync(cancellation);
        await database.Sessions.Where(old => old.ExpiresAt <= now).ExecuteDeleteAsync(cancellation);
        database.Sessions.Add(row);
        await database.SaveChangesAsync(cancellation);
        await networks.SeenAsync(start.Person, from, "Somebody signed in as you");
        return (secret, row.ExpiresAt);
    }

    public Session? Find(string secret)
    {
        if (!StoredSecret.LooksLikeSession(secret))
        {
            return null;
        }

        var now = clock.GetUtcNow();
        var found = reader.First(
            ByHash,
            row => new Found(row.GetGuid(PrincipalQuery.Count), new(
                row.GetGuid(PrincipalQuery.Count).ToString("N"),
                principals.Read(row),
                row.GetBoolean(PrincipalQuery.Count + 1),
                row.IsDBNull(PrincipalQuery.Count + 2) ? null : DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(PrincipalQuery.Count + 2)),
                DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(PrincipalQuery.Count + 3)))),
            StoredSecret.Hash(secret),
            now.ToUnixTimeMilliseconds(),
            (now - Idle).ToUnixTimeMilliseconds());
        if (found is null)
        {
            return null;
        }

        uses.OfSession(found.Id);
        return found.Session;
    }

    public async Task<string> RotateAsync(string secret, bool steppedUp, CancellationToken cancellation)
    {
        var (oldHash, next, now) = (StoredSecret.Hash(secret), StoredSecret.NewSession(), clock.GetUtcNow());
        var nextHash = StoredSecret.Hash(next);
        await using var database = await databases.CreateDbContextAsync(cancellation);

        // One conditional write: of two that rotate the same secret, one gets a session and the other none.
        var live = database.Sessions.Where(row => row.Hash == oldHash && row.ExpiresAt > now && row.LastSeenAt > now - Idle);
        var rotated = steppedUp
            ? await live.ExecuteUpdateAsync(
                set => set.SetProperty(row => row.Hash, nextHash).SetProperty(row => row.LastSeenAt, now)
                    .SetProperty(row => row.SecondFactorPassed, true).SetProperty(row => row.SteppedUpAt, now), cancellation)
            : await live.ExecuteUpdateAsync(set => set.SetProperty(row => row.Hash, nextHash).SetProperty(row => row.LastSeenAt, now), cancellation);
        return rotated == 1 ? next : throw new InvalidOperationException("The session has ended.");
    }

    public async Task EndAsync(string secret, CancellationToken cancellation)
    {
        var hash = StoredSecret.Hash(secret);
        await using var database = await databases.CreateDbContextAsync(cancellation);
        await EndAsync(database, database.Sessions.Where(row => row.Hash == hash), cancellation);
    }

    public async Task EndAllAsync(PrincipalId person, CancellationToken cancellation)
    {
        await using var database = await databases.CreateDbContextAsync(cancellation);
        await EndAsync(database, database.Sessions.Where(row => row.PersonId == person.Value), cancellation);
    }

    public async Task<IReadOnlyList<SessionSummary>> ListAsync(PrincipalId person, CancellationToken cancellation)
    {
        var now = clock.GetUtcNow();
        await using var database = await databases.CreateDbContextAsync(cancellation);
        var rows = await database.Sessions.AsNoTracking()
            .Where(row => row.PersonId == person.Value && row.ExpiresAt > now && row.LastSeenAt > now - Idle)
            .OrderByDescending(row => row.LastSeenAt)
            .ToListAsync(cancellation);
        return [.. rows.Select(row => new SessionSummary(row.Id.ToString("N"), row.StartedAt, row.LastSeenAt, row.From, row.UserAgent))];
    }

    public async Task EndByKeyAsync(PrincipalId person, string key, CancellationToken cancellation)
    {
        if (!Guid.TryParseExact(key, "N", out var id))
        {
            return;
        }

        await using var database = await databases.CreateDbContextAsync(cancellation);
        await EndAsync(database, database.Sessions.Where(row => row.Id == id && row.PersonId == person.Value), cancellation);
    }

    private async Task EndAsync(GatewayDbContext database, IQueryable<SessionRow> sessions, CancellationToken cancellation)
    {
        var ending = await (
            from session in sessions
            join person in database.Users on session.PersonId equals person.Id
            select new { session.Id, person.UserName }).ToListAsync(cancellation);
        foreach (var session in ending)
        {
            await audit.RecordAsync(AuditTypes.SessionEnded, session.UserName!, ("session", session.Id.ToString("N")));
            duo?.Drop(session.Id.ToString("N"));
        }

        await sessions.ExecuteDeleteAsync(CancellationToken.None);
    }

    private static string Printable(string userAgent) =>
        new([.. userAgent.Take(MaxUserAgent).Where(letter => letter is >= ' ' and <= '~')]);

    private sealed record Found(Guid Id, Session Session);
}
