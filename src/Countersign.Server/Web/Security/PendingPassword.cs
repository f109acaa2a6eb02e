using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;

namespace Countersign.Server.Web.Security;

/// <summary>
/// Carries name and password from the first step of sign-in to the second, where both are checked together with the code:
/// sealed with the gateway's key, readable by no script, dead after five minutes. Alone it signs nobody in.
/// </summary>
internal sealed class PendingPassword(IDataProtectionProvider protection)
{
    private const string Cookie = "__Host-countersign-sign-in";
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);
    private readonly ITimeLimitedDataProtector protector = protection.CreateProtector("Countersign.Web.PendingPassword").ToTimeLimitedDataProtector();

    public void Keep(HttpContext context, string name, string password) =>
        context.Response.Cookies.Append(Cookie, protector.Protect(JsonSerializer.Serialize(new[] { name, password }), Lifetime), Options());

    public (string Name, string Password)? Take(HttpContext context)
    {
        try
        {
            return context.Request.Cookies[Cookie] is { } sealedText
                && JsonSerializer.Deserialize<string[]>(protector.Unprotect(sealedText)) is [var name, var password]
                ? (name, password)
                : null;
        }
        catch (CryptographicException)
        {
            return null; // expired or not ours: the first step again
        }
    }

    public static void Forget(HttpContext context) => context.Response.Cookies.Delete(Cookie, Options());

    private static CookieOptions Options() => new() { Secure = true, HttpOnly = true, SameSite = SameSiteMode.Strict, Path = "/" };
}
