using System.Security.Cryptography;
using System.Text;
using Countersign.Core.Challenges;
using Countersign.Core.Identities;
using Countersign.Server.Enforcement;
using Countersign.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Countersign.Server.Factors.Totp;

/// <summary>Authenticator apps. The current and the previous step are accepted, each step once, over all surfaces.</summary>
internal sealed class TotpFactor(IDbContextFactory<GatewayDbContext> databases, TotpSecrets secrets, GuardedAttempts attempts, TimeProvider clock) : IFactor
{
    public FactorKind Kind => FactorKind.Totp;

    public async Task<FactorResult> VerifyAsync(Principal principal, ProofPurpose purpose, FactorInput input, CancellationToken cancellation)
    {
        if (!OneTimeCode.IsWellFormed(input.Code))
        {
            return new(FactorFailure.Refused);
        }

        await using var database = await databases.CreateDbContextAsync(cancellation);
        var authenticators = await database.TotpAuthenticators
            .Where(row => row.PersonId == principal.Id.Value && row.ConfirmedAt != null)
            .ToListAsync(cancellation);
        if (authenticators.Count == 0)
        {
            return new(FactorFailure.NotSetUp);
        }

        return await attempts.RunAsync(principal, Kind, ThrottleRule.Totp(principal.Id), purpose, async settle =>
        {
            if (Match(authenticators, input.Code!, OneTimeCode.StepAt(clock.GetUtcNow())) is not ({ } matched, var step)
                || !await settle(transaction => TotpSteps.Spend(transaction, matched.Id, step)))
            {
                return null;
            }

            matched.LastUsedAt = clock.GetUtcNow();
            await database.SaveChangesAsync(CancellationToken.None);
            return new(FactorKind.Totp, Strength.Strong, matched.Name, matched.Id.ToString("N"));
        });
    }

    /// <summary>The authenticator and step that the code is of. All are computed and compared, whichever matches.</summary>
    private (TotpRow? Authenticator, long Step) Match(List<TotpRow> authenticators, string code, long now)
    {
        (TotpRow?, long) match = (null, 0);
        var typed = Encoding.ASCII.GetBytes(code);
        foreach (var authenticator in authenticators)
        {
            var secret = secrets.Open(authenticator.SealedSecret);
            for (var step = now - 1; step <= now; step++)
            {
                if (CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(OneTimeCode.At(secret, step)), typed))
                {
                    match = (authenticator, step);
                }
            }

            CryptographicOperations.ZeroMemory(secret);
        }

        return match;
    }
}
