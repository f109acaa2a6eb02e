using System.Security.Cryptography;
using System.Text;
using Countersign.Core.Identities;
using Countersign.Server.Audit;
using Countersign.Server.Enforcement;
using Countersign.Server.People;
using Countersign.Server.Storage;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;

namespace Countersign.Server.Upstreams.Passed;

internal sealed class UpstreamTokens(
    IDbContextFactory<GatewayDbContext> databases, DatabaseReader reader, UpstreamStore upstreams, UpstreamTokenCheck check,
    IDataProtectionProvider protection, AuditTrail audit, INotices notices, TimeProvider clock) : IUpstreamTokens
{
    private const string One = """SELECT t."Sealed" FROM "UpstreamTokens" t WHERE t."PersonId" = $1 AND t."UpstreamName" = $2""";
    private static readonly Refusal NoSuchHost = new("no_such_upstream", "There is no such Git host that wants a token of yours.");

    private readonly IDataProtector seal = protection.CreateProtector("Countersign.UpstreamTokens.v1");

    public async Task<IReadOnlyList<UpstreamTokenSummary>> ListAsync(PrincipalId person, CancellationToken cancellation)
    {
        await using var database = await databases.CreateDbContextAsync(cancellation);
        var rows = await database.UpstreamTokens.AsNoTracking().Where(row => row.PersonId == person.Value).ToDictionaryAsync(row => row.UpstreamName, cancellation);
        return [.. upstreams.List().Where(WantsOne).Select(upstream => Summary(upstream, rows.GetValueOrDefault(upstream.Name)))];
    }

    public async Task<Result<UpstreamTokenSummary>> SetAsync(
        PrincipalId person, string upstream, string? userName, string token, ClientAddress client, string actor, CancellationToken cancellation)
    {
        if (upstreams.Find(upstream) is not { } host || !WantsOne(host))
        {
            return NoSuchHost;
        }

        var name = userName?.Trim() ?? "";
        var credential = await check.ReadAsync(host, person, name, token, client, cancellation);
        if (credential.Refusal is { } refusal)
        {
            return refusal;
        }

        await audit.RecordAsync(AuditTypes.UpstreamTokenSet, actor, ("person_id", person.ToString()), ("upstream", host.Name), ("user", name));
        await using var database = await databases.CreateDbContextAsync(CancellationToken.None);
        var row = new UpstreamTokenRow
        {
            PersonId = person.Value, UpstreamName = host.Name, UserName = name, Sealed = Seal(host, person, credential.Value!), CreatedAt = clock.GetUtcNow(),
        };
        await using var transaction = await database.Database.BeginTransactionAsync(CancellationToken.None);
        await database.UpstreamTokens.Where(found => found.PersonId == person.Value && found.UpstreamName == host.Name).ExecuteDeleteAsync(CancellationToken.None);
        database.UpstreamTokens.Add(row);
        await database.SaveChangesAsync(CancellationToken.None);
        await transaction.CommitAsync(CancellationToken.None);
        await notices.TellAsync(person, News.Of(AuditTypes.UpstreamTokenSet, ("upstream", host.Name)), CancellationToken.None);
        return Summary(host, row);
    }

    public async Task<Result<UpstreamTokenSummary>> RemoveAsync(PrincipalId person, string upstream, string actor, CancellationToken cancellation)
    {
        await using var database = await databases.CreateDbContextAsync(cancellation);
        if (upstreams.Find(upstream) is not { } host
            || !await database.UpstreamTokens.AnyAsync(row => row.PersonId == person.Value && row.UpstreamName == host.Name, cancellation))
        {
            return NoSuchHost;
        }

        await audit.RecordAsync(AuditTypes.UpstreamTokenRemoved, actor, ("person_id", person.ToString()), ("upstream", host.Name));
        await database.UpstreamTokens.Where(row => row.PersonId == person.Value && row.UpstreamName == host.Name).ExecuteDeleteAsync(CancellationToken.None);
        await notices.TellAsync(person, News.Of(AuditTypes.UpstreamTokenRemoved, ("upstream", host.Name)), CancellationToken.None);
        return Summary(host, null);
    }

    public PassedCredential? Find(PrincipalId person, string upstream) =>
        upstreams.Find(upstream) is { } host && WantsOne(host) && reader.First(One, static row => (byte[])row.GetValue(0), person.Value, host.Name) is { } kept
            ? Open(host, person, kept)
            : null;

    private static bool WantsOne(UpstreamDefinition upstream) => upstream.Credentials == UpstreamCredentials.Passed;

    private UpstreamTokenSummary Summary(UpstreamDefinition upstream, UpstreamTokenRow? row) =>
        row is not null && Open(upstream, new(row.PersonId), row.Sealed) is not null
            ? new(upstream.Name, upstream.Base.Authority, true, row.UserName, row.CreatedAt)
            : new(upstream.Name, upstream.Base.Authority, false, null, null);

    // Sealed for one person and one address: a row that was copied to another person, or a host that moved, opens nothing.
    private byte[] Seal(UpstreamDefinition upstream, PrincipalId person, PassedCredential credential) =>
        For(upstream, person).Protect(Encoding.UTF8.GetBytes(credential.Reveal()));

    private PassedCredential? Open(UpstreamDefinition upstream, PrincipalId person, byte[] kept)
    {
        try
        {
            return new(Encoding.UTF8.GetString(For(upstream, person).Unprotect(kept)));
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private IDataProtector For(UpstreamDefinition upstream, PrincipalId person) =>
        seal.CreateProtector($"{person}\n{upstream.Base.GetLeftPart(UriPartial.Authority)}");
}
