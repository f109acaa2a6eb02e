using Microsoft.AspNetCore.Diagnostics;

namespace Countersign.Server.Web;

/// <summary>
/// Turns what nobody expected into an empty 500 on a page's address, which is then shown as a page in plain words. Programs
/// get their own words elsewhere, so on their addresses this does nothing.
/// </summary>
internal sealed partial class PageErrors(RequestDelegate next, ILogger<PageErrors> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        if (!PagePaths.Includes(context.Request.Path))
        {
            context.Features.Get<IStatusCodePagesFeature>()?.Enabled = false;
            await next(context);
            return;
        }

        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The browser has gone; there is nobody to tell.
        }
        catch (Exception exception) when (!context.Response.HasStarted)
        {
            Log.PageFailed(logger, context.Request.Method, exception);
            context.Response.Clear();
            context.Response.StatusCode = StatusCodes.Status500InternalServerError;
        }
    }

    private static partial class Log
    {
        // Without the address: what follows the first slash may be anything that somebody typed.
        [LoggerMessage(EventId = 6001, Level = LogLevel.Error, Message = "A page failed ({Method})")]
        public static partial void PageFailed(ILogger logger, string method, Exception exception);
    }
}
