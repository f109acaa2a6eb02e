using Microsoft.Extensions.Primitives;

namespace Countersign.Server.Proxies;

/// <summary>The headers of a trusted proxy that mean something here, as received; each may be missing or doubled.</summary>
internal sealed record ProxyClaims
{
    /// <summary>The proxy said for whom it speaks; without that, it speaks for itself.</summary>
    public required bool NamesClient { get; init; }

    /// <summary><c>X-Original-Method</c> and <c>X-Original-URI</c>: nginx, as documented.</summary>
    public StringValues OriginalMethod { get; init; }

    public StringValues OriginalUri { get; init; }

    /// <summary><c>X-Original-Content-Length</c>, empty where the body's length is not said before it.</summary>
    public StringValues OriginalLength { get; init; }

    /// <summary><c>X-Forwarded-Method</c> and <c>X-Forwarded-Uri</c>: Traefik and Caddy.</summary>
    public StringValues ForwardedMethod { get; init; }

    public StringValues ForwardedUri { get; init; }

    /// <summary><c>X-Countersign-Accelerate</c>: the named location to which nginx can be sent on.</summary>
    public StringValues Accelerate { get; init; }

    public static ProxyClaims Read(IHeaderDictionary headers) => new()
    {
        NamesClient = headers.ContainsKey(ProxyDoor.ForwardedForHeader),
        OriginalMethod = headers["X-Original-Method"],
        OriginalUri = headers["X-Original-URI"],
        OriginalLength = headers["X-Original-Content-Length"],
        ForwardedMethod = headers["X-Forwarded-Method"],
        ForwardedUri = headers["X-Forwarded-Uri"],
        Accelerate = headers["X-Countersign-Accelerate"],
    };
}
