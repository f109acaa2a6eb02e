using Countersign.Server.Factors.DuoPush;
using Countersign.Server.Factors.RecoveryCodes;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Countersign.Server.Api;

/// <summary>The shapes of what people type. A code of the wrong shape is told so, and does not count as an attempt.</summary>
internal static class Codes
{
    public static bool IsTotp(string code) => code.Length == 6 && code.All(char.IsAsciiDigit);

    public static bool IsNumber(string number) => number.Length is 2 or 6 && number.All(char.IsAsciiDigit);

    public static bool IsRecoveryCode(string code) => RecoveryCode.HashOf(code) is not null;

    /// <returns>What is wrong with the shapes, or null.</returns>
    public static ProblemHttpResult? Check(string? totp, string? recoveryCode, string? duoPasscode)
    {
        if (new[] { totp, recoveryCode, duoPasscode }.Count(code => code is not null) > 1)
        {
            return Problems.BadRequest("one_proof", "Send one of totp, recoveryCode and duoPasscode.");
        }

        if (duoPasscode is not null && !DuoPasscodeFactor.IsWellFormed(duoPasscode))
        {
            return Problems.BadRequest("malformed_code", "duoPasscode is six to eight digits.");
        }

        if (totp is not null && !IsTotp(totp))
        {
            return Problems.BadRequest("malformed_code", "totp is six digits.");
        }

        return recoveryCode is not null && !IsRecoveryCode(recoveryCode)
            ? Problems.BadRequest("malformed_code", "recoveryCode is sixteen letters and digits, such as ABCD-EFGH-IJKL-MNOP.")
            : null;
    }
}
