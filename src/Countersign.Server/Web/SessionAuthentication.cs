using System.Diagnostics.CodeAnalysis;
using System.Security.Claims;
using Countersign.Server.People;
using Microsoft.AspNetCore.Authentication;

namespace Countersign.Server.Web;

/// <summary>Who the request's session is, on the user of the request.</summary>
/// <param name="session">The live session.</param>
/// <param name="secret">Its secret, to rotate or end it by; never logged.</param>
/// <param name="fromCookie">The browser sent it by itself: the request needs protection against forgery. A bearer token does not.</param>
internal sealed class SessionIdentity(Session session, string secret, bool fromCookie) : ClaimsIdentity(
    [new(ClaimTypes.NameIdentifier, session.Principal.Id.ToString()), new(ClaimTypes.Name, session.Principal.Name), new(SessionAuthentication.KeyClaim, session.Key)],
    SessionAuthentication.Scheme)
{
    public Session Session { get; } = session;

    public string Secret { get; } = secret;

    public bool FromCookie { get; } = fromCookie;
}

internal static class SessionAuthentication
{
    public const string Scheme = "Session";
    public const string CookieName = "__Host-countersign";
    public const string KeyClaim = "countersign:session";

    public static AuthenticationBuilder AddSessionAuthentication(this IServiceCollection services) =>
        services.AddAuthentication(Scheme).AddScheme<AuthenticationSchemeOptions, SessionAuthenticationHandler>(Scheme, null);

    /// <summary>The live session of the request, or null.</summary>
    public static Session? GetSession(this HttpContext context) => context.TryGetSession(out var identity) ? identity.Session : null;

    public static bool TryGetSession(this HttpContext context, [NotNullWhen(true)] out SessionIdentity? identity)
    {
        identity = context.User.Identity as SessionIdentity;
        return identity is not null;
    }

    /// <summary>A session cookie: it ends with the browser, and on the server at the latest after 24 h.</summary>
    public static void SetSessionCookie(this HttpResponse response, string secret) => response.Cookies.Append(CookieName, secret, Options());

    public static void ClearSessionCookie(this HttpResponse response) => response.Cookies.Delete(CookieName, Options());

    // Lax, not Strict: the approval link in a terminal must find the session. What changes something is guarded by Origin and token.
    private static CookieOptions Options() => new() { Secure = true, HttpOnly = true, SameSite = SameSiteMode.Lax, Path = "/", IsEssential = true };
}
