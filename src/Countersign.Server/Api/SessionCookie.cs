namespace Countersign.Server.Api;

/// <summary>The browser's session, as the API reads and replaces it.</summary>
internal static class SessionCookie
{
    public const string Name = "__Host-countersign";

    public static string? Read(HttpRequest request) => request.Cookies[Name];

    public static void Write(HttpResponse response, string secret, DateTimeOffset expires) =>
        response.Cookies.Append(Name, secret, Options(expires));

    public static void Clear(HttpResponse response) => response.Cookies.Delete(Name, Options(null));

    private static CookieOptions Options(DateTimeOffset? expires) =>
        new() { HttpOnly = true, Secure = true, SameSite = SameSiteMode.Lax, Path = "/", Expires = expires, IsEssential = true };
}
