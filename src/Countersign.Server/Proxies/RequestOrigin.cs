using Countersign.Core.Identities;

namespace Countersign.Server.Proxies;

/// <summary>Where a request comes from, found once by <see cref="ProxyDoor"/> before anything else looks at it. The one source of client addresses.</summary>
/// <param name="Client">Whose command or sign-in it is.</param>
/// <param name="Claims">What a trusted proxy said; null when the request came from anybody else.</param>
internal sealed record RequestOrigin(ClientAddress Client, ProxyClaims? Claims)
{
    /// <summary>Without the door, as on a host of its own, the peer is the client: nothing is taken on trust.</summary>
    public static RequestOrigin Of(HttpContext context) => context.Features.Get<RequestOrigin>() ?? new(PeerOf(context), null);

    public static ClientAddress ClientOf(HttpContext context) => Of(context).Client;

    /// <summary>Who is at the other end of the connection; unknown on the administration socket.</summary>
    public static ClientAddress PeerOf(HttpContext context) =>
        context.Connection.RemoteIpAddress is { } address ? new(address) : ClientAddress.Unknown;
}
