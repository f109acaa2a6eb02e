namespace Countersign.Server.Web.Security;

/// <summary>Tells the browser what these pages never do: run foreign or inline script, be framed, be cached, name themselves to others.</summary>
internal sealed class SecurityHeaders(RequestDelegate next, GatewayOptions options)
{
    public const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        + "form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

    private readonly bool secure = options.Url.Scheme == Uri.UriSchemeHttps;

    public Task InvokeAsync(HttpContext context)
    {
        if (!context.Request.Path.StartsWithSegments("/scm", StringComparison.OrdinalIgnoreCase)
            && !context.Request.Path.StartsWithSegments("/w", StringComparison.OrdinalIgnoreCase))
        {
            context.Response.OnStarting(Add, context);
        }

        return next(context);
    }

    private Task Add(object state)
    {
        var headers = ((HttpContext)state).Response.Headers;
        headers.ContentSecurityPolicy = ContentSecurityPolicy;
        headers.XContentTypeOptions = "nosniff";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Permissions-Policy"] =
            "publickey-credentials-get=(self), publickey-credentials-create=(self), camera=(), microphone=(), geolocation=(), payment=(), usb=()";

        // Not no-referrer: under that a browser sends "Origin: null" with a form (Fetch, "append a request Origin header"), and
        // the origin check would refuse our own forms. Other origins still learn nothing, and the one address that holds a secret (a mail's link) says no-referrer and goes on at once.
        if (headers["Referrer-Policy"].Count == 0)
        {
            headers["Referrer-Policy"] = "same-origin";
        }

        if (headers.CacheControl.Count == 0)
        {
            headers.CacheControl = "no-store";
        }

        if (secure)
        {
            headers.StrictTransportSecurity = "max-age=31536000";
        }

        return Task.CompletedTask;
    }
}
