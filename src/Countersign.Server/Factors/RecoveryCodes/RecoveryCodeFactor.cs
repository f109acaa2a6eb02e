using System.Globalization;
using Countersign.Core.Challenges;
using Countersign.Core.Identities;
using Countersign.Server.Audit;
using Countersign.Server.Enforcement;
using Countersign.Server.People;
using Countersign.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Countersign.Server.Factors.RecoveryCodes;

/// <summary>Recovery codes: each works once, and the owner is told.</summary>
internal sealed class RecoveryCodeFactor(
    IDbContextFactory<GatewayDbContext> databases, GuardedAttempts attempts, AuditTrail audit, INotices notices, TimeProvider clock) : IFactor
{
    public FactorKind Kind => FactorKind.RecoveryCode;

    public async Task<FactorResult> VerifyAsync(Principal principal, ProofPurpose purpose, FactorInput input, CancellationToken cancellation)
    {
        if (RecoveryCode.HashOf(input.Code) is not { } hash)
        {
            return new(FactorFailure.Refused);
        }

        await using var database = await databases.CreateDbContextAsync(cancellation);
        if (!await database.RecoveryCodes.AnyAsync(row => row.PersonId == principal.Id.Value, cancellation))
        {
            return new(FactorFailure.NotSetUp);
        }

        return await attempts.RunAsync(principal, Kind, ThrottleRule.Recovery(principal.Id), purpose, async settle =>
        {
            // Looked up among this person's codes only: those of others do not exist here (CVE-2025-64175).
            var code = await database.RecoveryCodes.SingleOrDefaultAsync(row => row.PersonId == principal.Id.Value && row.Hash == hash, cancellation);
            var used = audit.Event(AuditTypes.RecoveryCodeUsed, principal.Name, ("person_id", principal.Id.ToString()), ("purpose", purpose.Purpose), ("subject", purpose.Subject));
            if (code is null || !await settle(transaction => SpentOnce.Spend(transaction, "recovery_code", principal.Id.ToString(), code.Id.ToString("N"), used)))
            {
                return null;
            }

            code.SpentAt = clock.GetUtcNow();
            await database.SaveChangesAsync(CancellationToken.None);
            await TellAsync(database, principal.Id);
            return new(FactorKind.RecoveryCode, Strength.Strong, "recovery code", code.Id.ToString("N"));
        });
    }

    private async Task TellAsync(GatewayDbContext database, PrincipalId person)
    {
        var left = await database.RecoveryCodes.CountAsync(row => row.PersonId == person.Value && row.SpentAt == null);
        await notices.TellAsync(person, News.Of(AuditTypes.RecoveryCodeUsed, ("left", left.ToString(CultureInfo.InvariantCulture))), CancellationToken.None);
    }
}
