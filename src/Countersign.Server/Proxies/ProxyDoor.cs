using Countersign.Core.Identities;
using Countersign.Server.Api;
using Countersign.Server.Cli;
using Countersign.Server.Transports.Https;

namespace Countersign.Server.Proxies;

/// <summary>
/// The outermost door. Finds out once where a request comes from, and takes every header away that claims trust, whoever sent
/// it: behind this door nobody can read one by mistake or hand it on. Scheme and host are never taken from a request.
/// </summary>
internal sealed class ProxyDoor(GatewayOptions options)
{
    public const string ForwardedForHeader = "X-Forwarded-For";

    /// <summary>Sent by our own pages; they claim nothing.</summary>
    public const string FormKeyHeader = "X-Countersign-Form-Key";

    private static readonly string[] Prefixes = ["X-Forwarded-", "X-Original-", "X-Countersign-", "X-Accel-"];
    private static readonly string[] Names = ["Forwarded", "X-Real-IP", "X-Client-IP", "True-Client-IP", "X-Rewrite-URL", "X-Remote-User", "Remote-User"];

    private readonly TrustedProxies trusted = new(options.TrustedProxies);

    public Task HandleAsync(HttpContext context, RequestDelegate next)
    {
        if (AdminSocket.IsAdmin(context) || context.Connection.RemoteIpAddress is not { } peer || !trusted.Include(peer))
        {
            context.Features.Set(new RequestOrigin(RequestOrigin.PeerOf(context), null));
        }
        else
        {
            var claims = ProxyClaims.Read(context.Request.Headers);
            var client = peer;
            if (claims.NamesClient && !ForwardedFor.TryFindClient(context.Request.Headers[ForwardedForHeader], trusted, out client))
            {
                return RequestShape.RefuseAsync(context, "X-Forwarded-For must be a list of IP addresses.");
            }

            context.Features.Set(new RequestOrigin(new ClientAddress(client!), claims));
        }

        Strip(context.Request.Headers);
        return next(context);
    }

    private static void Strip(IHeaderDictionary headers)
    {
        List<string>? found = null;
        foreach (var (name, _) in headers)
        {
            if (ClaimsTrust(name))
            {
                (found ??= []).Add(name);
            }
        }

        found?.ForEach(name => headers.Remove(name));
    }

    private static bool ClaimsTrust(string name) =>
        name.Length > 0 && (name[0] | 0x20) is 'x' or 'f' or 't' or 'r'
        && (Array.Exists(Prefixes, prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
            || Array.Exists(Names, other => name.Equals(other, StringComparison.OrdinalIgnoreCase)))
        && !name.Equals(ApiDoor.PageHeader, StringComparison.OrdinalIgnoreCase)
        && !name.Equals(FormKeyHeader, StringComparison.OrdinalIgnoreCase);
}
