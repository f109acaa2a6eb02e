using System.Net;
using Countersign.Server.Enforcement;

namespace Countersign.Server.Upstreams.SmartHttp;

/// <summary>What went wrong with a Git host, as one line for the person and a word for the audit log.</summary>
internal static class UpstreamFailures
{
    private static readonly string[] Services = ["/info/refs", "/info/lfs/", "/git-upload-pack", "/git-receive-pack"];

    /// <summary>Checks status and content type; what is not exactly Git's answer is told before its first byte goes anywhere.</summary>
    public static UpstreamUnavailableException? Of(UpstreamDefinition upstream, HttpResponseMessage answer, string contentType)
    {
        var name = $"The Git host {upstream.Name}";
        var status = (int)answer.StatusCode;
        var detail = $"http {status}";
        return answer.StatusCode switch
        {
            HttpStatusCode.OK when !string.Equals(answer.Content.Headers.ContentType?.MediaType, contentType, StringComparison.OrdinalIgnoreCase) =>
                new($"{name} answered something that is not Git.") { Detail = "not git" },
            HttpStatusCode.OK => null,
            HttpStatusCode.Unauthorized when upstream.Credentials == UpstreamCredentials.Passed =>
                new($"{name} did not take your user name and password.", failure: UpstreamFailure.CredentialRefused) { Detail = detail, Untouched = true },
            HttpStatusCode.Unauthorized =>
                new($"{name} did not take the gateway's own credential.") { Detail = detail, Untouched = true },
            HttpStatusCode.Forbidden =>
                new($"{name} does not allow this.", failure: UpstreamFailure.Forbidden) { Detail = detail, Untouched = true },
            HttpStatusCode.NotFound or HttpStatusCode.Gone =>
                new($"{name} knows no repository {PathOf(answer)}, or does not show it.", failure: UpstreamFailure.NotFound) { Detail = detail, Untouched = true },
            >= HttpStatusCode.MultipleChoices and < HttpStatusCode.BadRequest =>
                new($"{name} answered with a redirect ({status}), which is not followed.") { Detail = detail, Untouched = true },
            HttpStatusCode.LengthRequired =>
                new($"{name} takes only requests whose length is known beforehand (411).") { Detail = detail, Untouched = true },
            HttpStatusCode.RequestEntityTooLarge =>
                new($"{name} does not take a push of this size (413).") { Detail = detail, Untouched = true },
            < HttpStatusCode.InternalServerError => new($"{name} refused the request ({status}).") { Detail = detail, Untouched = status >= 400 },
            _ => new($"{name} answered with an error ({status}).") { Detail = detail },
        };
    }

    // The spelling that was asked for, so that a difference in capitals is seen.
    private static string PathOf(HttpResponseMessage answer)
    {
        var path = answer.RequestMessage?.RequestUri?.AbsolutePath ?? "/";
        var end = Services.Select(service => path.LastIndexOf(service, StringComparison.Ordinal)).Max();
        return end > 0 ? path[..end] : path;
    }

    /// <param name="upstream">The host.</param>
    /// <param name="exception">What the attempt ended with.</param>
    /// <param name="patience">Whose turn it was.</param>
    /// <param name="stage">How far it had come.</param>
    public static UpstreamUnavailableException Of(UpstreamDefinition upstream, Exception exception, Patience patience, Stage stage)
    {
        if (exception is UpstreamUnavailableException known)
        {
            return known;
        }

        var name = $"The Git host {upstream.Name}";
        var (text, detail) = exception switch
        {
            _ when patience.IsOver => stage switch
            {
                Stage.Sending => ($"{name} stopped taking the request.", "stalled"),
                Stage.Waiting => ($"{name} did not answer in time.", "no answer"),
                _ => ($"{name} stopped in the middle of its answer.", "stalled"),
            },
            OperationCanceledException => ($"{name} cannot be reached: no connection in time.", "connect time-out"),
            HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } => ($"{name} cannot be reached: its name is not known.", "no such name"),
            HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError } => ($"{name} cannot be reached.", "not reached"),
            HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } => ($"{name} cannot be trusted: TLS with it failed.", "tls"),
            HttpRequestException { HttpRequestError: HttpRequestError.ProxyTunnelError } => ($"{name} cannot be reached: the proxy before it refused.", "proxy"),
            HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse or HttpRequestError.ConfigurationLimitExceeded }
                or InvalidDataException => ($"{name} answered something that is not Git.", "not git"),
            _ => ($"{name} broke the connection off.", "broke off"),
        };
        return new(text, exception) { Detail = detail };
    }
}

/// <summary>How far a request had come.</summary>
internal enum Stage
{
    Sending,
    Waiting,
    Answering,
}
