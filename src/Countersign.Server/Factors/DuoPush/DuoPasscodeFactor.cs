using Countersign.Core.Challenges;
using Countersign.Core.Identities;
using Countersign.Server.Enforcement;

namespace Countersign.Server.Factors.DuoPush;

/// <summary>A passcode that Duo Mobile, a token of Duo's or Duo's administrator shows: for the moments without a network on the phone. Duo spends it.</summary>
internal sealed class DuoPasscodeFactor(DuoAccounts accounts, DuoAuthApi api, GuardedAttempts attempts) : IFactor
{
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

            if (status.Verdict is not DuoVerdict.Allowed || !await settle(_ => true))
            {
                return null;
            }

            await accounts.UsedAsync(account.Id);
            return new(FactorKind.DuoPush, Strength.Strong, account.Name, account.Id.ToString("N"));
        });
    }
}
