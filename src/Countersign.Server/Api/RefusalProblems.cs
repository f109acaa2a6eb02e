using Countersign.Server.People;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Countersign.Server.Api;

/// <summary>Turns refusals of the rooms behind the API into problem documents; code and sentence pass unchanged.</summary>
internal static class RefusalProblems
{
    /// <param name="refusal">What was refused.</param>
    /// <param name="proofStatus">The status for a proof that did not match: 401 where it would have signed in, else 403.</param>
    public static ProblemHttpResult ToProblem(this Refusal refusal, int proofStatus = StatusCodes.Status403Forbidden) =>
        Problems.Of(StatusOf(refusal.Code, proofStatus), refusal.Code, refusal.Message);

    /// <summary>The same, with Retry-After where waiting helps.</summary>
    public static ProblemHttpResult ToProblem(this Refusal refusal, HttpContext context, int proofStatus = StatusCodes.Status403Forbidden) =>
        refusal.RetryAfter is { } wait ? Problems.TooMany(context, refusal.Code, refusal.Message, wait) : refusal.ToProblem(proofStatus);

    private static int StatusOf(string code, int proofStatus) => code switch
    {
        "refused" or "proof_refused" or "code_required" or "passkey_required" => proofStatus,
        "forbidden" => StatusCodes.Status403Forbidden,
        "delayed" or "locked" or "proof_delayed" or "proof_locked" => StatusCodes.Status429TooManyRequests,
        _ when code.StartsWith("no_such_", StringComparison.Ordinal) || code == "no_invitation" => StatusCodes.Status404NotFound,
        "duo_unavailable" => StatusCodes.Status503ServiceUnavailable,
        "duo_limited" => StatusCodes.Status429TooManyRequests,
        _ when IsConflict(code) => StatusCodes.Status409Conflict,
        _ => StatusCodes.Status400BadRequest,
    };

    private static bool IsConflict(string code) =>
        code.EndsWith("_taken", StringComparison.Ordinal)
        || code.EndsWith("_exists", StringComparison.Ordinal)
        || code.EndsWith("_already", StringComparison.Ordinal)
        || code.StartsWith("last_", StringComparison.Ordinal);
}
