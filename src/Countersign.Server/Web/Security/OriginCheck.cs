using Microsoft.AspNetCore.Diagnostics;
using Microsoft.Extensions.Primitives;

namespace Countersign.Server.Web.Security;

/// <summary>
/// Refuses a form that another site has sent. Every browser sends Origin with a form post; one that is missing, doubled,
/// "null" or not the configured address is not from our page. The address comes from the configuration, never from Host.
/// Programs send no Origin; their addresses have a check of their own where a cookie counts.
/// </summary>
internal sealed class OriginCheck(RequestDelegate next, GatewayOptions options)
{
    private readonly string expected = options.Url.GetLeftPart(UriPartial.Authority);

    public Task InvokeAsync(HttpContext context)
    {
        var told = context.Features.Get<IStatusCodeReExecuteFeature>() is not null; // refused already; this run only shows it
        if (told || IsSafe(context.Request.Method) || !PagePaths.Includes(context.Request.Path) || IsOwn(context.Request.Headers.Origin))
        {
            return next(context);
        }

        context.Response.StatusCode = StatusCodes.Status403Forbidden;
        return Task.CompletedTask;
    }

    private static bool IsSafe(string method) => HttpMethods.IsGet(method) || HttpMethods.IsHead(method);

    private bool IsOwn(StringValues origin) => origin is [var only] && string.Equals(only, expected, StringComparison.Ordinal);
}
