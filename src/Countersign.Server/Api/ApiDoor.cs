using Countersign.Server.Cli;
using Countersign.Server.People;
using Countersign.Server.Storage.Sqlite;
using Countersign.Server.Web;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Countersign.Server.Api;

/// <summary>
/// Stands before every API address: finds out who calls, holds the caller against the address's <see cref="ApiRule"/>, and
/// turns whatever goes wrong behind it into a problem document. Runs before the body is read.
/// </summary>
internal sealed partial class ApiDoor(RequestDelegate next, ISessions sessions, GatewayOptions options, TimeProvider clock, ILogger<ApiDoor> log)
{
    public const string PageHeader = "X-Countersign-Page";

    public static readonly TimeSpan StepUpLifetime = TimeSpan.FromMinutes(5);

    private readonly string origin = options.Url.GetLeftPart(UriPartial.Authority);

    public async Task InvokeAsync(HttpContext context)
    {
        if (!context.Request.Path.StartsWithSegments("/api"))
        {
            await next(context);
            return;
        }

        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        try
        {
            await (Refuse(context)?.ExecuteAsync(context) ?? next(context));
            await ExplainBareStatusAsync(context);
        }
        catch (BadHttpRequestException exception)
        {
            await AnswerAsync(context, BodyErrors.Explain(exception));
        }
        catch (LedgerUnavailableException exception)
        {
            Log.Unavailable(log, exception, context.Request.Path);
            await AnswerAsync(context, Problems.Of(503, "unavailable", "Nothing can be recorded at the moment, so nothing was done. Try again shortly."));
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            context.Abort();
        }
#pragma warning disable CA1031 // The one place where the unexpected becomes a plain refusal: no detail leaves the process.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Log.Failed(log, exception, context.Request.Path);
            await AnswerAsync(context, Problems.Of(500, "internal_error", "This failed on our side; the gateway's log says why."));
        }
    }

    /// <summary>A browser sends Origin with everything but same-origin reads; the header keeps other sites' simple requests out of those.</summary>
    private bool IsOwnPage(HttpRequest request) =>
        request.Headers[PageHeader] == "1"
        && request.Headers.Origin switch
        {
            [] => HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method),
            [var sent] => string.Equals(sent, origin, StringComparison.Ordinal),
            _ => false,
        };

    private ProblemHttpResult? Refuse(HttpContext context)
    {
        var endpoint = context.GetEndpoint();
        if (endpoint?.Metadata.GetMetadata<ApiRule>() is not { } rule)
        {
            // Routing answers a wrong method by an endpoint that is no route: let it, for its Allow header.
            return endpoint is null or RouteEndpoint ? Problems.Of(404, "no_such_address", "There is nothing at this address; /openapi/v1.json lists what there is.") : null;
        }

        var (caller, problem) = Identify(context, rule);
        context.Features.Set(caller);
        return problem ?? Judge(context, caller!, rule);
    }

    private (Caller? Caller, ProblemHttpResult? Problem) Identify(HttpContext context, ApiRule rule)
    {
        if (AdminSocket.IsAdmin(context))
        {
            return (new(null, null, IsPage: false, IsLocalAdministrator: true), null);
        }

        var header = context.Request.Headers.Authorization;
        if (header.Count > 0)
        {
            const string Scheme = "Bearer ";
            var secret = header is [{ } value] && value.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? value[Scheme.Length..].Trim() : "";
            var session = secret.StartsWith("css_", StringComparison.Ordinal) ? sessions.Find(secret) : null;
            return session is null && rule.Access != ApiAccess.Anyone
                ? (null, Unauthorized(context, "The session is unknown or has ended: sign in again with POST /api/v1/session."))
                : (new(session, session is null ? null : secret, IsPage: false, IsLocalAdministrator: false), null);
        }

        if (context.Request.Cookies[SessionAuthentication.CookieName] is { } cookie && sessions.Find(cookie) is { } browsing)
        {
            return IsOwnPage(context.Request)
                ? (new(browsing, cookie, IsPage: true, IsLocalAdministrator: false), null)
                : rule.Access == ApiAccess.Anyone
                    ? (new(null, null, IsPage: false, IsLocalAdministrator: false), null)
                    : (null, Problems.Of(403, "not_our_page", $"A browser's session counts only for this gateway's own pages, which send {PageHeader}: 1. Programs use a session of their own."));
        }

        return rule.Access == ApiAccess.Anyone
            ? (new(null, null, IsPage: false, IsLocalAdministrator: false), null)
            : (null, Unauthorized(context, "Sign in with POST /api/v1/session and send the token as Authorization: Bearer."));
    }

    private ProblemHttpResult? Judge(HttpContext context, Caller caller, ApiRule rule)
    {
        if (rule.Access == ApiAccess.Anyone)
        {
            return context.Request.Headers.ContainsKey(PageHeader) && !IsOwnPage(context.Request)
                ? Problems.Of(403, "not_our_page", "This did not come from this gateway's own pages.")
                : null;
        }

        if (caller.IsLocalAdministrator)
        {
            return rule.Access is ApiAccess.Person or ApiAccess.Enrolling
                ? Problems.Of(403, "person_required", "This takes a person's own session; the local administrator is nobody in particular.")
                : null;
        }

        var session = caller.Session!;
        return rule.Access switch
        {
            ApiAccess.LocalAdministrator => Problems.Of(403, "local_administrator_required", "This can be done only on the gateway's own machine, with the countersign command."),
            not ApiAccess.Enrolling when !session.SecondFactorPassed => Problems.Of(403, "second_factor_required", "Set up two-step verification first: /api/v1/totp or /api/v1/passkeys."),
            ApiAccess.Administrator when !caller.IsAdministrator => Problems.Of(403, "administrator_required", "Only an administrator may do this."),
            _ when rule.FreshStepUp && session.SecondFactorPassed && !IsFresh(session, clock.GetUtcNow()) => StepUpRequired(),
            _ => null,
        };
    }

    public static bool IsFresh(Session session, DateTimeOffset now) =>
        session.SteppedUpAt is { } at && at <= now && now - at < StepUpLifetime;

    public static ProblemHttpResult StepUpRequired() => Problems.Of(403, "step_up_required", "Prove a factor again first: POST /api/v1/step-up.");

    private static ProblemHttpResult Unauthorized(HttpContext context, string detail)
    {
        context.Response.Headers.WWWAuthenticate = "Bearer";
        return Problems.Of(401, "not_signed_in", detail);
    }

    /// <summary>Routing and binding answer some refusals with a status alone.</summary>
    private static Task ExplainBareStatusAsync(HttpContext context) =>
        context.Response is { HasStarted: false, StatusCode: >= 400 and var status, ContentType: null, ContentLength: null or 0 } response
            ? (status == StatusCodes.Status405MethodNotAllowed
                ? Problems.Of(status, "wrong_method", $"This address takes {response.Headers.Allow}.")
                : BodyErrors.Explain(status)).ExecuteAsync(context)
            : Task.CompletedTask;

    private static Task AnswerAsync(HttpContext context, ProblemHttpResult problem)
    {
        if (context.Response.HasStarted)
        {
            context.Abort(); // half an answer must not look whole
            return Task.CompletedTask;
        }

        return problem.ExecuteAsync(context);
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 7001, Level = LogLevel.Error, Message = "The API failed at {Path}")]
        public static partial void Failed(ILogger logger, Exception exception, string path);

        [LoggerMessage(EventId = 7002, Level = LogLevel.Error, Message = "Nothing could be recorded; the API refused {Path}")]
        public static partial void Unavailable(ILogger logger, Exception exception, string path);
    }
}
