using System.Security.Claims;
using System.Text.Encodings.Web;
using Countersign.Server.People;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace Countersign.Server.Web;

/// <summary>The cookie of a browser, or <c>Authorization: Bearer css_...</c> of a program. Both at once are refused: one could hide the other.</summary>
internal sealed class SessionAuthenticationHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, ISessions sessions)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    private const string Bearer = "Bearer ";

    protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(Authenticate());

    private AuthenticateResult Authenticate()
    {
        var cookie = Request.Cookies[SessionAuthentication.CookieName];
        var header = Request.Headers.Authorization;
        var bearer = header is [{ } value] && value.StartsWith(Bearer + StoredSecret.SessionPrefix, StringComparison.OrdinalIgnoreCase) ? value[Bearer.Length..] : null;
        if (header.Count > 1 || (cookie is not null && bearer is not null))
        {
            return AuthenticateResult.Fail("More than one credential.");
        }

        if ((bearer ?? cookie) is not { } secret)
        {
            return AuthenticateResult.NoResult();
        }

        return sessions.Find(secret) is { } session
            ? AuthenticateResult.Success(new(new ClaimsPrincipal(new SessionIdentity(session, secret, fromCookie: bearer is null)), Scheme.Name))
            : AuthenticateResult.Fail("No live session.");
    }
}
