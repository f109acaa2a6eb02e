using Countersign.Server.Enforcement;
using Countersign.Server.Transports.ForwardAuth;
using Microsoft.AspNetCore.Connections;

namespace Countersign.Server.Transports.Https;

/// <summary>
/// Stands before everything else on a connection: messages that two servers could read differently end here, Git's addresses go
/// to Git before any routing, decoding or rewriting of the web framework sees them, and whatever fails there is a denial.
/// </summary>
internal sealed partial class GitHttpDoor(GitHttpTransport transport, ForwardAuthTransport forwardAuth, ILogger<GitHttpDoor> logger)
{
    public Task HandleAsync(HttpContext context, RequestDelegate next) =>
        RequestShape.Defect(context) is { } defect ? RequestShape.RefuseAsync(context, defect)
        : transport.Owns(RequestShape.RawTarget(context)) ? HandleGitAsync(context, transport.HandleAsync)
        : ForwardAuthTransport.Owns(context) ? HandleGitAsync(context, forwardAuth.HandleAsync)
        : next(context);

    private async Task HandleGitAsync(HttpContext context, RequestDelegate handle)
    {
        try
        {
            await handle(context);
        }
        catch (Exception exception) when (exception is UnreadableRequestException or BadHttpRequestException)
        {
            await (context.Response.HasStarted ? AbortAsync(context) : RequestShape.RefuseAsync(context, exception.Message));
        }
        catch (ConnectionResetException)
        {
            // The client has gone; there is nobody to tell.
        }
        catch (Exception exception) when (!context.RequestAborted.IsCancellationRequested)
        {
            Log.Failed(logger, exception);
            await (context.Response.HasStarted ? AbortAsync(context) : RefuseAsync(context));
        }
    }

    /// <summary>What was prepared before the failure goes with it: a target for a proxy is no part of a refusal.</summary>
    private static Task RefuseAsync(HttpContext context)
    {
        context.Response.Clear();
        return GitHttpAnswer.TextAsync(
            context,
            StatusCodes.Status503ServiceUnavailable,
            "The gateway could not decide or serve this command, so it was denied.",
            "Nothing was changed. Try again in a minute, or tell your administrator.");
    }

    /// <summary>A half answer must not look like a whole one.</summary>
    private static Task AbortAsync(HttpContext context)
    {
        context.Abort();
        return Task.CompletedTask;
    }

    private static partial class Log
    {
        [LoggerMessage(5001, LogLevel.Error, "A Git request was denied because handling it failed")]
        public static partial void Failed(ILogger logger, Exception exception);
    }
}
