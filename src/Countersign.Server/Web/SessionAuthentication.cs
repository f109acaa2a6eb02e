using Countersign.Server.People;

namespace Countersign.Server.Web;

internal static class SessionAuthentication
{
    private const string Cookie = "__Host-countersign";

    public static Session? GetSession(this HttpContext context) =>
        context.Request.Cookies[Cookie] is { } secret
            ? context.RequestServices.GetRequiredService<ISessions>().Find(secret)
            : null;

    public static void SetSessionCookie(HttpContext context, string secret, DateTimeOffset expires) =>
        context.Response.Cookies.Append(Cookie, secret, Options(expires));

    public static void ClearSessionCookie(HttpContext context) => context.Response.Cookies.Delete(Cookie, Options(null));

    private static CookieOptions Options(DateTimeOffset? expires) =>
        new() { Secure = true, HttpOnly = true, SameSite = SameSiteMode.Lax, Path = "/", Expires = expires };
}
