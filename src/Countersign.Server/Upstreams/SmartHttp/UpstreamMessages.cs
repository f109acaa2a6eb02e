using System.Net;
using System.Text;
using Countersign.Server.Enforcement;

namespace Countersign.Server.Upstreams.SmartHttp;

/// <summary>Requests to Git hosts: each header is made here, none is copied from a client.</summary>
internal sealed class UpstreamMessages(GatewayOptions gateway)
{
    // Some hosts speak Git only to what calls itself git/; libraries that all hosts know do it in the same form.
    private static readonly string UserAgent = $"git/2.0 (Countersign {typeof(UpstreamMessages).Assembly.GetName().Version?.ToString(3)})";

    public HttpRequestMessage InfoRefs(UpstreamPlace place, UpstreamRequest request)
    {
        var message = Create(HttpMethod.Get, place.Upstream, UpstreamAddress.InfoRefs(place, request.Command.Service), request.Credential);
        message.Headers.TryAddWithoutValidation("Accept", $"application/x-{UpstreamAddress.WordOf(request.Command.Service)}-advertisement, */*");
        message.Headers.TryAddWithoutValidation("Cache-Control", "no-cache");
        return WithVersion(message, request);
    }

    public HttpRequestMessage Rpc(UpstreamPlace place, UpstreamRequest request, HttpContent body)
    {
        var word = UpstreamAddress.WordOf(request.Command.Service);
        var message = Create(HttpMethod.Post, place.Upstream, UpstreamAddress.Rpc(place, request.Command.Service), request.Credential);
        message.Headers.TryAddWithoutValidation("Accept", $"application/x-{word}-result");
        body.Headers.TryAddWithoutValidation("Content-Type", $"application/x-{word}-request");
        message.Content = body;
        return WithVersion(message, request);
    }

    /// <summary>A request with the headers that every one has: who the gateway is, the credential that the host shall see, its name.</summary>
    public HttpRequestMessage Create(HttpMethod method, UpstreamDefinition upstream, Uri address, PassedCredential? credential)
    {
        var message = new HttpRequestMessage(method, address) { Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        message.Headers.TryAddWithoutValidation("User-Agent", UserAgent);
        if (upstream.KeepHost)
        {
            message.Headers.Host = gateway.Url.Authority;
        }

        if (Authorization(upstream, credential) is { } value)
        {
            message.Headers.TryAddWithoutValidation("Authorization", value);
        }

        return message;
    }

    private static HttpRequestMessage WithVersion(HttpRequestMessage message, UpstreamRequest request)
    {
        message.Headers.TryAddWithoutValidation("Accept-Encoding", request.AnswerIsCompressed is null ? "identity" : "gzip");
        if (request.ProtocolVersion > 0)
        {
            message.Headers.TryAddWithoutValidation("Git-Protocol", $"version={request.ProtocolVersion}");
        }

        return message;
    }

    private static string? Authorization(UpstreamDefinition upstream, PassedCredential? credential) => upstream.Credentials switch
    {
        UpstreamCredentials.Passed => credential?.Reveal()
            ?? throw new UpstreamUnavailableException($"The Git host {upstream.Name} asks for your own user name and password.", failure: UpstreamFailure.CredentialRefused) { Detail = "no credential", Untouched = true },
        UpstreamCredentials.Service when upstream.ServiceUser.Length == 0 => $"Bearer {upstream.ServiceSecret}",
        UpstreamCredentials.Service => $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{upstream.ServiceUser}:{upstream.ServiceSecret}"))}",
        _ => null,
    };
}
