using Countersign.Core.Challenges;

namespace Countersign.Server.Web.Security;

/// <summary>
/// Holds the token of a mail's link once it was opened: out of the address at once, because an address is kept in histories, screen
/// shares and Referer headers. One cookie for each request, so that two mails in two tabs stay apart.
/// </summary>
internal static class MailCookie
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(15); // longer than any request

    public static void Keep(HttpContext context, ChallengeId id, string token) => context.Response.Cookies.Append(NameOf(id), token, Options(Lifetime));

    public static string? Read(HttpContext context, ChallengeId id) => context.Request.Cookies[NameOf(id)];

    private static string NameOf(ChallengeId id) => $"__Host-countersign-mail-{id.Value}";

    // Lax: the way from the mail to the page leads over a redirect, and a strict cookie would not come along.
    private static CookieOptions Options(TimeSpan age) =>
        new() { Secure = true, HttpOnly = true, SameSite = SameSiteMode.Lax, Path = "/", MaxAge = age, IsEssential = true };
}
