using System.Security.Cryptography;
using System.Text;
using Countersign.Server.Enforcement;
using Countersign.Server.Proxies;
using Countersign.Server.Upstreams;
using Countersign.Server.Upstreams.SmartHttp;

namespace Countersign.Server.Transports.Https;

/// <summary>
/// Lets nginx carry what is allowed: the answer is <c>X-Accel-Redirect</c> to the named location where nginx fetches the target
/// that is handed over, credential and all, by itself. Named locations keep method and body and cannot be asked for from outside.
/// </summary>
internal sealed class Acceleration(UpstreamPlaces places, UpstreamMessages messages, GatewayOptions options)
{
    /// <summary>
    /// Null where the gateway serves the request itself. A trusted proxy must know the configured location by its name: another
    /// one, which passes on whatever its clients send, would get the credential for the Git host.
    /// </summary>
    public HandOver? For(HttpContext context, CommandRequest request)
    {
        if (options.AcceleratedLocation is not { } location
            || RequestOrigin.Of(context).Claims?.Accelerate is not [{ } asked]
            || !CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(asked), Encoding.UTF8.GetBytes(location)))
        {
            return null;
        }

        // What only the gateway has been told to trust or to show is not nginx's: then it is not handed over.
        return places.Find(request.Command.Repository) is { Upstream: { Proxy: null, ClientCertificate: null, CertificateAuthorities: null } } place
            ? new(context, messages, place, location)
            : null;
    }
}

/// <summary>One request that nginx can carry.</summary>
internal sealed class HandOver(HttpContext context, UpstreamMessages messages, UpstreamPlace place, string location)
{
    public const string TargetHeader = "X-Countersign-Target";
    public const string HostHeader = "X-Countersign-Host";
    public const string AuthorizationHeader = "X-Countersign-Authorization";
    public const string GitProtocolHeader = "X-Countersign-Git-Protocol";

    public ForwardOutcome Refs(UpstreamRequest request)
    {
        using var message = messages.InfoRefs(place, request);
        return Hand(message, request);
    }

    /// <summary>nginx has the whole body and sends it; what of it was read here was read to decide.</summary>
    public ForwardOutcome Rpc(UpstreamRequest request)
    {
        using var message = messages.Create(HttpMethod.Post, place.Upstream, UpstreamAddress.Rpc(place, request.Command.Service), request.Credential);
        return Hand(message, request);
    }

    /// <summary>Only sets headers: the answer goes out when the completion is recorded.</summary>
    private ForwardOutcome Hand(HttpRequestMessage message, UpstreamRequest request)
    {
        var headers = context.Response.Headers;
        headers[TargetHeader] = message.RequestUri!.AbsoluteUri;
        headers[HostHeader] = message.Headers.Host ?? message.RequestUri.Authority;
        if (message.Headers.TryGetValues("Authorization", out var authorization))
        {
            headers[AuthorizationHeader] = authorization.Single();
        }

        if (request.ProtocolVersion > 0)
        {
            headers[GitProtocolHeader] = $"version={request.ProtocolVersion}";
        }

        headers["X-Accel-Redirect"] = $"@{location}";
        return ForwardOutcome.HandedOver;
    }
}
