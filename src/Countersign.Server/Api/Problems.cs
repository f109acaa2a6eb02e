using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.WebUtilities;

namespace Countersign.Server.Api;

/// <summary>Problem documents (RFC 9457): a stable <c>code</c> and one sentence that says what to do.</summary>
internal static class Problems
{
    public static ProblemHttpResult Of(int status, string code, string detail, params ReadOnlySpan<(string Name, object? Value)> more)
    {
        var extensions = new Dictionary<string, object?> { ["code"] = code };
        foreach (var (name, value) in more)
        {
            extensions[name] = value;
        }

        return TypedResults.Problem(
            detail,
            statusCode: status,
            title: ReasonPhrases.GetReasonPhrase(status),
            type: $"urn:countersign:problem:{code}",
            extensions: extensions);
    }

    public static ProblemHttpResult BadRequest(string code, string detail) => Of(StatusCodes.Status400BadRequest, code, detail);

    public static ProblemHttpResult NotFound(string what) =>
        Of(StatusCodes.Status404NotFound, "not_found", $"There is no such {what}, or it is not yours to see.");

    /// <summary>429 with Retry-After in whole seconds, rounded up (RFC 9110 10.2.3).</summary>
    public static ProblemHttpResult TooMany(HttpContext context, string code, string detail, TimeSpan? wait)
    {
        var seconds = wait is { } known ? Math.Max(1, (long)Math.Ceiling(known.TotalSeconds)) : 60;
        context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        return Of(StatusCodes.Status429TooManyRequests, code, detail, ("retryAfterSeconds", seconds));
    }
}
