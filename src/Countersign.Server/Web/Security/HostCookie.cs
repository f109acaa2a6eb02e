namespace Countersign.Server.Web.Security;

/// <summary>
/// A cookie whose name starts with __Host-: browsers take it only with Secure, also from http on a loopback name and from
/// behind a proxy that ends TLS, where the framework's own policies would leave Secure out or refuse the request.
/// </summary>
internal sealed class HostCookie : CookieBuilder
{
    public override CookieOptions Build(HttpContext context, DateTimeOffset expiresFrom)
    {
        var cookie = base.Build(context, expiresFrom);
        cookie.Secure = true;
        return cookie;
    }
}
