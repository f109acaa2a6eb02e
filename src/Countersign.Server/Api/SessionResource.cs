using Countersign.Server.People;
using Countersign.Server.Proxies;
using Countersign.Server.Web;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Countersign.Server.Api;

/// <param name="User">The person's name.</param>
/// <param name="Password">The password.</param>
/// <param name="Totp">Six digits from the authenticator app, where one is set up.</param>
/// <param name="RecoveryCode">Instead of totp: one of the recovery codes; it is used up.</param>
/// <param name="DuoPasscode">Instead: six to eight digits from Duo Mobile or a token of Duo's.</param>
internal sealed record PasswordInput(string User, string Password, string? Totp = null, string? RecoveryCode = null, string? DuoPasscode = null);

/// <param name="Token">To send as Authorization: Bearer. Null for a page, which gets it as its cookie.</param>
/// <param name="Expires">At the latest; an hour without use ends it too.</param>
/// <param name="MustSetUpSecondFactor">Only the addresses that set up a factor are open until one is.</param>
internal sealed record SessionView(string? Token, DateTimeOffset Expires, bool MustSetUpSecondFactor);

internal static class SessionResource
{
    public static void Map(RouteGroupBuilder api)
    {
        var session = api.MapGroup("/session").WithTags("Session");
        session.MapPost("", StartAsync).For(ApiAccess.Anyone)
            .WithName("signIn").WithSummary("Sign in with a password, and a code where two-step verification is set up.");
        session.MapDelete("", EndAsync).For(ApiAccess.Enrolling)
            .WithName("signOut").WithSummary("End this session.");
        var sessions = api.MapGroup("/sessions").WithTags("Session");
        sessions.MapGet("", ListAsync).For(ApiAccess.Person)
            .WithName("listSessions").WithSummary("Where you are signed in.");
        sessions.MapDelete("/{key}", EndOneAsync).For(ApiAccess.Person)
            .WithName("endSession").WithSummary("End one of your sessions.");
    }

    /// <summary>Starts a session for whoever has just signed in, and hands it over in the caller's way.</summary>
    public static async Task<SessionView> OpenAsync(HttpContext context, ISessions sessions, SessionStart start, CancellationToken cancellation)
    {
        var page = context.Request.Headers[ApiDoor.PageHeader] == "1";
        if (page && context.Request.Cookies[SessionAuthentication.CookieName] is { } before)
        {
            await sessions.EndAsync(before, cancellation); // a session from before sign-in never lives on
        }

        var agent = context.Request.Headers.UserAgent.ToString();
        var (secret, expires) = await sessions.StartAsync(start, RequestOrigin.ClientOf(context), agent, cancellation);
        return Hand(context, page, secret, expires, start.MustSetUpFactor);
    }

    /// <summary>The secret as cookie for a page, as token for a program; never both.</summary>
    public static SessionView Hand(HttpContext context, bool page, string secret, DateTimeOffset expires, bool mustSetUp)
    {
        if (page)
        {
            context.Response.SetSessionCookie(secret);
        }

        return new(page ? null : secret, expires, mustSetUp);
    }

    private static async Task<Results<Ok<SessionView>, ProblemHttpResult>> StartAsync(
        PasswordInput input, HttpContext context, ISignIn signIn, ISessions sessions, CancellationToken cancellation)
    {
        if (Codes.Check(input.Totp, input.RecoveryCode, input.DuoPasscode) is { } problem)
        {
            return problem;
        }

        var result = await signIn.PasswordAsync(input.User, input.Password, input.Totp ?? input.RecoveryCode ?? input.DuoPasscode, RequestOrigin.ClientOf(context), cancellation);
        return result.Value is { } start
            ? TypedResults.Ok(await OpenAsync(context, sessions, start, cancellation))
            : result.Refusal!.ToProblem(context, StatusCodes.Status401Unauthorized);
    }

    private static async Task<NoContent> EndAsync(HttpContext context, Caller caller, ISessions sessions, CancellationToken cancellation)
    {
        await sessions.EndAsync(caller.Secret!, cancellation);
        if (caller.IsPage)
        {
            context.Response.ClearSessionCookie();
        }

        return TypedResults.NoContent();
    }

    private static async Task<Ok<IReadOnlyList<SessionSummary>>> ListAsync(Caller caller, ISessions sessions, CancellationToken cancellation) =>
        TypedResults.Ok(await sessions.ListAsync(caller.Person.Id, cancellation));

    private static async Task<NoContent> EndOneAsync(string key, Caller caller, ISessions sessions, CancellationToken cancellation)
    {
        await sessions.EndByKeyAsync(caller.Person.Id, key, cancellation);
        return TypedResults.NoContent();
    }
}
