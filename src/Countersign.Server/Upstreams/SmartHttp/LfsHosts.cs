using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Countersign.Server.Enforcement;
using Microsoft.Extensions.Options;

namespace Countersign.Server.Upstreams.SmartHttp;

/// <summary>
/// Where the gateway goes for the objects of a Git host. The host names the place, and only the host: its own origin, with the
/// credential and the TLS of all requests there, or another one over https, with nothing but what the host said, and at no address by
/// which a machine offers secrets about itself.
/// </summary>
internal sealed class LfsHosts(UpstreamClients clients, UpstreamMessages messages, GatewayOptions gateway, IOptions<UpstreamsOptions> options) : IDisposable
{
    private readonly ConcurrentDictionary<string, Lazy<HttpMessageInvoker>> others = new(StringComparer.Ordinal);

    /// <summary>A request on its way to one place; disposed when its answer was read.</summary>
    internal sealed class Lease(UpstreamClient.Lease? own, HttpMessageInvoker? other) : IDisposable
    {
        public Task<HttpResponseMessage> SendAsync(HttpRequestMessage message, CancellationToken cancellation) =>
            own?.SendAsync(message, cancellation) ?? other!.SendAsync(message, cancellation);

        public void Dispose() => own?.Dispose();
    }

    public UpstreamClient.Lease TakeOwn(UpstreamDefinition upstream) => clients.Take(upstream);

    /// <summary>
    /// The entry as far as its places are followed. A person's own credential for the host goes into the sealed place where the host
    /// expects it again: it is in that person's hands already, and the gateway keeps none. What would show the gateway's own goes
    /// through the gateway, direct or not.
    /// </summary>
    public LfsEntry Judge(UpstreamDefinition upstream, LfsEntry entry, PassedCredential? credential)
    {
        if (upstream.LfsTransfers == LfsTransfers.Direct && !entry.Actions.Any(action => Shows(upstream, action.Place!)))
        {
            return entry with { IsDirect = true };
        }

        var own = entry with { Actions = [.. entry.Actions.Select(action => action with { Place = AtHome(upstream, action.Place!) })] };
        if (own.Actions.Any(action => !IsOwn(upstream, action.Place!.Address) && !IsFollowed(action.Place.Address)))
        {
            return new(entry.Object) { Error = (422, $"The Git host {upstream.Name} named an address that is not followed.") };
        }

        return credential is null ? own : own with { Actions = [.. own.Actions.Select(action => WithCredential(upstream, action, credential))] };
    }

    public (Lease Lease, HttpRequestMessage Message) Open(UpstreamDefinition upstream, LfsTransfer transfer, HttpMethod method, HttpContent? content = null)
    {
        var place = transfer.Place ?? throw new InvalidDataException("a transfer at a Git host has no place");
        var own = IsOwn(upstream, place.Address);
        if (!own && !IsFollowed(place.Address))
        {
            throw new UpstreamUnavailableException($"The Git host {upstream.Name} named an address that is not followed.") { Detail = "address", Untouched = true };
        }

        // What the host gave as credential for this object stands in place of the one for everything else.
        var given = place.Headers.FirstOrDefault(header => header.Key.Equals("Authorization", StringComparison.OrdinalIgnoreCase)).Value;
        var message = own
            ? messages.Create(method, upstream, place.Address, given is null ? null : new(given))
            : new HttpRequestMessage(method, place.Address) { Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        if (given is not null)
        {
            message.Headers.Remove("Authorization");
        }

        message.Content = content;
        foreach (var (name, value) in place.Headers.Where(header => IsPassed(header.Key)))
        {
            if (!message.Headers.TryAddWithoutValidation(name, value) && content is not null)
            {
                content.Headers.Remove(name);
                content.Headers.TryAddWithoutValidation(name, value);
            }
        }

        return (own ? new(clients.Take(upstream), null) : new(null, Other(upstream)), message);
    }

    public void Dispose()
    {
        foreach (var (_, client) in others)
        {
            client.Value.Dispose();
        }
    }

    /// <summary>A host that is told the gateway's name builds its addresses from it; what it means is itself.</summary>
    private LfsPlace AtHome(UpstreamDefinition upstream, LfsPlace place) =>
        upstream.KeepHost && place.Address.Authority.Equals(gateway.Url.Authority, StringComparison.OrdinalIgnoreCase)
            && LfsPlace.AddressOf(upstream.Base.GetLeftPart(UriPartial.Authority) + place.Address.PathAndQuery) is { } address
            ? place with { Address = address }
            : place;

    private static LfsTransfer WithCredential(UpstreamDefinition upstream, LfsTransfer transfer, PassedCredential credential) =>
        !IsOwn(upstream, transfer.Place!.Address) || transfer.Place.Headers.Keys.Contains("Authorization", StringComparer.OrdinalIgnoreCase)
            ? transfer
            : transfer with { Place = transfer.Place with { Headers = new Dictionary<string, string>(transfer.Place.Headers, StringComparer.OrdinalIgnoreCase) { ["Authorization"] = credential.Reveal() } } };

    /// <summary>Some hosts give the credential back that they were asked with: the gateway's own is not for those whom it asks for.</summary>
    private static bool Shows(UpstreamDefinition upstream, LfsPlace place) =>
        upstream.ServiceSecret is { } secret
        && UpstreamServiceCredential.Header(upstream) is { } header
        && header[(header.IndexOf(' ', StringComparison.Ordinal) + 1)..].TrimEnd('=') is var sent
        && place.Headers.Values.Append(place.Address.OriginalString)
            .Any(text => text.Contains(secret, StringComparison.Ordinal) || text.Contains(sent, StringComparison.Ordinal));

    private static bool IsOwn(UpstreamDefinition upstream, Uri address) =>
        Uri.Compare(upstream.Base, address, UriComponents.SchemeAndServer, UriFormat.Unescaped, StringComparison.OrdinalIgnoreCase) == 0;

    private static bool IsFollowed(Uri address) =>
        address.Scheme == Uri.UriSchemeHttps && (!IPAddress.TryParse(address.IdnHost.Trim('[', ']'), out var literal) || !IsRefused(literal));

    /// <summary>The machine itself, link-local (where clouds serve metadata), and the other places where they do. Private networks are where object stores are.</summary>
    internal static bool IsRefused(IPAddress address)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        var bytes = plain.GetAddressBytes();
        return IPAddress.IsLoopback(plain) || (plain.AddressFamily == AddressFamily.InterNetwork
            ? bytes[0] is 0 or >= 224 || bytes is [169, 254, ..] or [192, 0, 0, _] || (bytes[0] == 100 && bytes[1] is >= 64 and < 128)
            : plain.IsIPv6LinkLocal || plain.IsIPv6Multicast || plain.IsIPv6SiteLocal || plain.Equals(IPAddress.IPv6Any)
                || bytes is [0xfd, 0x00, 0x0e, 0xc2, ..] or [0x00, 0x64, 0xff, 0x9b, ..] or [0x20, 0x02, ..]); // the last two hold an IPv4 address
    }

    /// <summary>What belongs to one connection, or to the length of one message, is made here and never taken over.</summary>
    private static bool IsPassed(string name) => !(name.StartsWith("Proxy-", StringComparison.OrdinalIgnoreCase)
        || Kept.Contains(name));

    private static readonly HashSet<string> Kept = new(StringComparer.OrdinalIgnoreCase)
    {
        "Host", "Connection", "Keep-Alive", "TE", "Trailer", "Transfer-Encoding", "Content-Length", "Content-Encoding", "Upgrade", "Expect", "Range", "If-Range", "Accept-Encoding", "Cookie",
    };

    private HttpMessageInvoker Other(UpstreamDefinition upstream) =>
        others.GetOrAdd(upstream.Proxy?.AbsoluteUri ?? "", _ => new(() => new(UpstreamHandler.ForOthers(upstream.Proxy, options.Value, upstream.Proxy is null ? ConnectAsync : null)))).Value;

    /// <summary>Looked up here, and connected to what was judged: a name cannot mean something else a moment later.</summary>
    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        var addresses = (await Dns.GetHostAddressesAsync(context.DnsEndPoint.Host, cancellation)).Where(address => !IsRefused(address)).ToArray();
        if (addresses.Length == 0)
        {
            throw new SocketException((int)SocketError.HostUnreachable);
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, context.DnsEndPoint.Port, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
