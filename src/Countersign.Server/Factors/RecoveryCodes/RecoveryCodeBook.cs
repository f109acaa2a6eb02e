using Countersign.Core.Identities;
using Countersign.Server.Audit;
using Countersign.Server.People;
using Countersign.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Countersign.Server.Factors.RecoveryCodes;

/// <summary>Makes a person's ten codes; the ones before stop working.</summary>
internal sealed class RecoveryCodeBook(IDbContextFactory<GatewayDbContext> databases, AuditTrail audit, INotices notices, TimeProvider clock)
{
    public async Task<IReadOnlyList<string>> MakeAsync(PrincipalId person, string actor, CancellationToken cancellation)
    {
        await audit.RecordAsync(AuditTypes.RecoveryCodesMade, actor, ("person_id", person.ToString()));
        var codes = Enumerable.Range(0, RecoveryCode.Number).Select(_ => RecoveryCode.Draw()).ToList();
        var now = clock.GetUtcNow();
        await using var database = await databases.CreateDbContextAsync(cancellation);
        await using var transaction = await database.Database.BeginTransactionAsync(CancellationToken.None);
        await database.RecoveryCodes.Where(row => row.PersonId == person.Value).ExecuteDeleteAsync(CancellationToken.None);
        database.RecoveryCodes.AddRange(codes.Select(code => new RecoveryCodeRow
        {
            Id = Guid.NewGuid(), PersonId = person.Value, Hash = RecoveryCode.HashOf(code)!, CreatedAt = now,
        }));
        await database.SaveChangesAsync(CancellationToken.None);
        await transaction.CommitAsync(CancellationToken.None);
        await notices.TellAsync(person, News.Of(AuditTypes.RecoveryCodesMade), CancellationToken.None);
        return codes;
    }
}
