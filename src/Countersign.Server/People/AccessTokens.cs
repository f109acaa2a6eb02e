using Countersign.Core.Identities;
using Countersign.Server.Audit;
using Countersign.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Countersign.Server.People;

internal sealed class AccessTokens(
    IDbContextFactory<GatewayDbContext> databases, DatabaseReader reader, PrincipalReader principals, LastUses uses, AccessEndings endings, AuditTrail audit, INotices notices,
    TimeProvider clock) : IAccessTokens
{
    public const int DefaultDays = 90;
    public const int MaxDays = 366;
    private const int MaxLabel = 100;

    private const string ByHash = $"""
        SELECT {PrincipalQuery.Columns}, t."Id", t."Label", t."ExpiresAt" FROM "AccessTokens" t JOIN "AspNetUsers" p ON p."Id" = t."OwnerId"
        WHERE t."Hash" = $1 AND t."RevokedAt" IS NULL AND p."DisabledAt" IS NULL
        """;

    private const string ById = """
        SELECT t."OwnerId", t."ExpiresAt" FROM "AccessTokens" t JOIN "AspNetUsers" p ON p."Id" = t."OwnerId"
        WHERE t."Id" = $1 AND t."RevokedAt" IS NULL AND p."DisabledAt" IS NULL
        """;

    private readonly Remembered<string, Found> byHash = reader.Remember<string, Found>(hash =>
        reader.First(ByHash, row => Found.Read(row, principals), Convert.FromHexString(hash)));

    private readonly Remembered<Guid, Life> byId = reader.Remember<Guid, Life>(token =>
        reader.First(ById, static row => new Life(new(row.GetGuid(0)), row.GetInt64(1)), token));

    public async Task<Result<(TokenSummary Token, string Secret)>> AddAsync(PrincipalId owner, string label, int days, string actor, CancellationToken cancellation)
    {
        if (days is < 1 or > MaxDays)
        {
            return new Refusal("bad_days", $"An access token lives for 1 to {MaxDays} days.");
        }

        if (!Label.TryParse(label, MaxLabel, out var clean))
        {
            return new Refusal("bad_label", $"Give the access token a label of 1 to {MaxLabel} printable characters.");
        }

        await using var database = await databases.CreateDbContextAsync(cancellation);
        if (!await database.Users.AnyAsync(person => person.Id == owner.Value && person.DisabledAt == null, cancellation))
        {
            return Refusals.NoSuchPerson;
        }

        var now = clock.GetUtcNow();
        var secret = StoredSecret.NewToken();
        var row = new AccessTokenRow
        {
            Id = Guid.NewGuid(), OwnerId = owner.Value, Label = clean, Hash = StoredSecret.Hash(secret), CreatedAt = now, ExpiresAt = now.AddDays(days),
        };
        await audit.RecordAsync(AuditTypes.TokenAdded, actor, ("person_id", owner.ToString()), ("token_id", row.Id.ToString("N")), ("label", clean), ("expires", row.ExpiresAt.ToString("O")));
        database.AccessTokens.Add(row);
        await database.SaveChangesAsync(cancellation);
        await notices.TellAsync(owner, News.Of(AuditTypes.TokenAdded, ("label", clean)), CancellationToken.None);
        return (Summary(row), secret);
    }

    public async Task<IReadOnlyList<TokenSummary>> ListAsync(PrincipalId owner, CancellationToken cancellation)
    {
        var now = clock.GetUtcNow();
        await using var database = await databases.CreateDbContextAsync(cancellation);
        var rows = await database.AccessTokens
            .Where(row => row.OwnerId == owner.Value && row.RevokedAt == null && row.ExpiresAt > now)
            .OrderByDescending(row => row.CreatedAt)
            .ToListAsync(cancellation);
        return [.. rows.Select(Summary)];
    }

    public async Task<Result<TokenSummary>> RevokeAsync(PrincipalId owner, string id, string actor, CancellationToken cancellation)
    {
        await using var database = await databases.CreateDbContextAsync(cancellation);
        var row = Guid.TryParseExact(id, "N", out var key)
            ? await database.AccessTokens.SingleOrDefaultAsync(token => token.Id == key && token.OwnerId == owner.Value && token.RevokedAt == null, cancellation)
            : null;
        if (row is null)
        {
            return new Refusal("no_such_token", "There is no such access token.");
        }

        await audit.RecordAsync(AuditTypes.TokenRevoked, actor, ("person_id", owner.ToString()), ("token_id", id), ("label", row.Label));
        row.RevokedAt = clock.GetUtcNow();
        await database.SaveChangesAsync(CancellationToken.None);
        endings.Raise(new(owner, id));
        await notices.TellAsync(owner, News.Of(AuditTypes.TokenRevoked, ("label", row.Label)), CancellationToken.None);
        return Summary(row);
    }

    public AuthenticatedCredential? Authenticate(string? userName, string secret, ClientAddress from)
    {
        if (!StoredSecret.LooksLikeToken(secret))
        {
            return null;
        }

        var found = byHash.Find(Convert.ToHexString(StoredSecret.Hash(secret)));
        if (found is null || !IsAhead(found.Expires) || !IsNamed(found.Who.Principal, userName))
        {
            return null;
        }

        uses.OfToken(found.Token, from);
        return found.Who;
    }

    public bool IsLive(PrincipalId owner, string credentialId) =>
        Guid.TryParseExact(credentialId, "N", out var token)
        && byId.Find(token) is { } life
        && life.Owner == owner
        && IsAhead(life.Expires);

    private bool IsAhead(long expires) => expires > clock.GetUtcNow().ToUnixTimeMilliseconds();

    // A token used under another name is refused even though it is good: the name is what the log and the prompt show.
    private static bool IsNamed(Principal owner, string? userName) =>
        userName is null || (PersonName.TryParse(userName, out var name) && name == owner.Name);

    private static TokenSummary Summary(AccessTokenRow row) =>
        new(row.Id.ToString("N"), row.Label, row.CreatedAt, row.ExpiresAt, row.LastUsedAt, row.LastUsedFrom);

    /// <param name="Expires">In Unix milliseconds, as stored.</param>
    private sealed record Found(AuthenticatedCredential Who, Guid Token, long Expires)
    {
        public static Found Read(Microsoft.Data.Sqlite.SqliteDataReader row, PrincipalReader principals)
        {
            var token = row.GetGuid(PrincipalQuery.Count);
            return new(new(principals.Read(row), new(token.ToString("N"), row.GetString(PrincipalQuery.Count + 1))), token, row.GetInt64(PrincipalQuery.Count + 2));
        }
    }

    private sealed record Life(PrincipalId Owner, long Expires);
}
