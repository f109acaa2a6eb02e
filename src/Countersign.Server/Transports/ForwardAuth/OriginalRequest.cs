using Countersign.Server.Proxies;
using Microsoft.Extensions.Primitives;

namespace Countersign.Server.Transports.ForwardAuth;

/// <summary>The request that a proxy asks about.</summary>
/// <param name="Method">As the client sent it.</param>
/// <param name="Target">As the client sent it, undecoded.</param>
/// <param name="Length">Of its body, where the proxy says it; null otherwise.</param>
internal sealed record OriginalRequest(string Method, string Target, string? Length)
{
    /// <summary>
    /// Out of exactly one source; null when there is none, or a second. A client can send the headers of another kind of proxy, and
    /// its own proxy passes on what it does not know: two sources that could differ are a trick, not a choice.
    /// </summary>
    public static OriginalRequest? Read(string method, string rawTarget, ProxyClaims claims)
    {
        var nginx = Any(claims.OriginalMethod, claims.OriginalUri, claims.OriginalLength);
        var traefik = Any(claims.ForwardedMethod, claims.ForwardedUri);
        if (rawTarget.StartsWith(ForwardAuthTransport.Address + "/", StringComparison.Ordinal))
        {
            return nginx || traefik ? null : new(method, rawTarget[ForwardAuthTransport.Address.Length..], null);
        }

        return rawTarget != ForwardAuthTransport.Address || nginx == traefik ? null
            : nginx ? Pair(claims.OriginalMethod, claims.OriginalUri, claims.OriginalLength)
            : Pair(claims.ForwardedMethod, claims.ForwardedUri, default);
    }

    private static bool Any(params ReadOnlySpan<StringValues> headers)
    {
        foreach (var header in headers)
        {
            if (header.Count > 0)
            {
                return true;
            }
        }

        return false;
    }

    private static OriginalRequest? Pair(StringValues method, StringValues target, StringValues length) =>
        (method, target, length) is ([{ Length: > 0 } one], [{ Length: > 0 } other], [] or [_]) ? new(one, other, length) : null;
}
