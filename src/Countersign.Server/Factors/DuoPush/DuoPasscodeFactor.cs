using System.Security.Cryptography;
using System.Text;
using Countersign.Core.Challenges;
using Countersign.Core.Identities;
using Countersign.Server.Audit;
using Countersign.Server.Enforcement;
using Countersign.Server.People;

namespace Countersign.Server.Factors.DuoPush;

/// <summary>
/// A passcode that Duo Mobile, a token of Duo's or Duo's administrator shows: for the moments without a network on the phone. Duo
/// spends it, and so do we: a Duo that says yes twice, as to a bypass code that it lets count several times, approves once.
/// </summary>
internal sealed class DuoPasscodeFactor(DuoAccounts accounts, DuoAuthApi api, GuardedAttempts attempts, AuditTrail audit, AuditKeys keys) : IFactor
{
    // Not for good: of the million codes that a token counts through, one comes again by chance.
    private static readonly TimeSpan Remembered = TimeSpan.FromDays(30);

    private readonly byte[] key = HKDF.DeriveKey(HashAlgorithmName.SHA256, keys.SealKey.ToArray(), 32, info: "countersign duo passcode v1"u8.ToArray());

    public FactorKind Kind => FactorKind.DuoPush;

    public static bool IsWellFormed(string? code) => code is { Length: >= 6 and <= 8 } && code.All(char.IsAsciiDigit);

    public async Task<FactorResult> VerifyAsync(Principal principal, ProofPurpose purpose, FactorInput input, CancellationToken cancellation)
    {
        if (!IsWellFormed(input.Code))
        {
            return new(FactorFailure.Refused);
        }

        if (await accounts.FindAsync(principal.Id, cancellation) is not { } account)
        {
            return new(FactorFailure.NotSetUp);
        }

        return await attempts.RunAsync(principal, Kind, ThrottleRule.DuoPasscode(principal.Id), purpose, async settle =>
        {
            var (status, why) = await api.PasscodeAsync(account.UserName, purpose.Client, input.Code!, cancellation);
            if (status is null)
            {
                throw new FactorUnavailableException(why);
            }

            var used = audit.Event(
                AuditTypes.PasscodeUsed, principal.Name,
                ("person_id", principal.Id.ToString()), ("factor_id", account.Id.ToString("N")), ("purpose", purpose.Purpose), ("subject", purpose.Subject));
            if (status.Verdict is not DuoVerdict.Allowed
                || !await settle(transaction => SpentOnce.Spend(transaction, "duo_passcode", principal.Id.ToString(), HashOf(account.UserName, input.Code!), used, Remembered)))
            {
                return null;
            }

            await accounts.UsedAsync(account.Id);
            return new(FactorKind.DuoPush, Strength.Strong, account.Name, account.Id.ToString("N"));
        });
    }

    /// <summary>With a key: six digits are found from a plain hash by trying.</summary>
    private string HashOf(string userName, string code) => Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes($"{userName}\n{code}")));
}
