using Countersign.Server.People;
using Countersign.Server.Proxies;

namespace Countersign.Server.Web.Security;

/// <summary>Starting, renewing and ending the browser's session; the cookie itself is made in one place, SessionAuthentication.</summary>
internal static class SessionSecret
{
    public static async Task StartSessionAsync(this HttpContext context, SessionStart start)
    {
        var sessions = context.RequestServices.GetRequiredService<ISessions>();
        if (context.TryGetSession(out var before))
        {
            await sessions.EndAsync(before.Secret, context.RequestAborted); // a session from before sign-in never lives on
        }

        var (secret, _) = await sessions.StartAsync(start, RequestOrigin.ClientOf(context), context.Request.Headers.UserAgent.ToString(), context.RequestAborted);
        context.Response.SetSessionCookie(secret);
    }

    /// <summary>A new secret after a factor was proven or added: the old one stops working at once.</summary>
    /// <param name="context">Of the session.</param>
    /// <param name="steppedUp">False where what was shown is no proof at the person's highest level, such as a code by mail.</param>
    public static async Task RenewSessionAsync(this HttpContext context, bool steppedUp = true)
    {
        if (context.TryGetSession(out var before))
        {
            var secret = await context.RequestServices.GetRequiredService<ISessions>().RotateAsync(before.Secret, steppedUp, context.RequestAborted);
            context.Response.SetSessionCookie(secret);
        }
    }

    public static async Task EndSessionAsync(this HttpContext context)
    {
        if (context.TryGetSession(out var ended))
        {
            await context.RequestServices.GetRequiredService<ISessions>().EndAsync(ended.Secret, context.RequestAborted);
        }

        context.Response.ClearSessionCookie();
    }
}
