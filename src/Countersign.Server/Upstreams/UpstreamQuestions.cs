using System.Net;
using System.Security.Authentication;
using Countersign.Server.Enforcement;
using Countersign.Server.Upstreams.SmartHttp;

namespace Countersign.Server.Upstreams;

/// <summary>What a Git host answered to a question of the gateway's own.</summary>
/// <param name="Status">Of HTTP.</param>
/// <param name="ContentType">Without parameters; "" for none.</param>
/// <param name="Named">The value of the header that was asked for, where there was exactly one.</param>
/// <param name="Body">The body's beginning, where it was asked for.</param>
internal sealed record UpstreamAnswer(int Status, string ContentType, string? Named, byte[]? Body);

/// <summary>A question to a Git host.</summary>
/// <param name="Path">Below the base; plain, begins with a slash.</param>
internal sealed record UpstreamQuestion(string Path)
{
    /// <summary>The Authorization header; null for none.</summary>
    public string? Authorization { get; init; }

    /// <summary>A header of the answer to look at.</summary>
    public string? Header { get; init; }

    /// <summary>How much of the body is wanted, in bytes; 0 for nothing, and then it is not read at all.</summary>
    public int MaxBody { get; init; }

    /// <summary>Git's own question for a repository.</summary>
    public static UpstreamQuestion Refs(UpstreamDefinition upstream, string repository, string service) =>
        new($"{upstream.Path}/{repository}/info/refs?service={service}");
}

/// <summary>
/// Asks Git hosts what the gateway itself needs to know: are you there, is this credential good, whose is it. Nothing of a
/// repository is read, and no redirect is followed: a credential goes to the configured host and nowhere else.
/// </summary>
internal sealed class UpstreamQuestions(UpstreamClients clients, GatewayOptions gateway, TimeProvider clock)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>Throws <see cref="UpstreamSilentException"/> when there is no answer.</summary>
    public async Task<UpstreamAnswer> AskAsync(UpstreamDefinition upstream, UpstreamQuestion question, CancellationToken cancellation)
    {
        using var patience = new CancellationTokenSource(Patience, clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellation, patience.Token);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(upstream.Base.GetLeftPart(UriPartial.Path).TrimEnd('/') + question.Path))
        {
            Version = HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.TryAddWithoutValidation("User-Agent", "git/2.45.0 (countersign)"); // hosts tell Git from browsers by it
        request.Headers.TryAddWithoutValidation("Git-Protocol", "version=2");
        request.Headers.TryAddWithoutValidation("Accept", "*/*");
        if (upstream.KeepHost)
        {
            request.Headers.Host = gateway.Url.Authority;
        }

        if (question.Authorization is { } authorization)
        {
            request.Headers.TryAddWithoutValidation("Authorization", authorization);
        }

        try
        {
            using var lease = clients.Take(upstream);
            using var response = await lease.SendAsync(request, both.Token);
            return new(
                (int)response.StatusCode,
                response.Content.Headers.ContentType?.MediaType ?? "",
                question.Header is { } name && response.Headers.TryGetValues(name, out var values) && values.ToList() is [var value] ? value : null,
                question.MaxBody > 0 ? await ReadAsync(response, question.MaxBody, both.Token) : null);
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new UpstreamSilentException($"it gave no answer in {Patience.TotalSeconds:0} s");
        }
        catch (UpstreamUnavailableException failure)
        {
            throw new UpstreamSilentException(failure.Message, failure);
        }
        catch (HttpRequestException failure)
        {
            throw new UpstreamSilentException(Explain(failure, upstream), failure);
        }
        catch (IOException failure)
        {
            throw new UpstreamSilentException("it broke off its answer", failure);
        }
    }

    private static async Task<byte[]?> ReadAsync(HttpResponseMessage response, int max, CancellationToken cancellation)
    {
        var body = new byte[max + 1];
        await using var stream = await response.Content.ReadAsStreamAsync(cancellation);
        var length = await stream.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false, cancellation);
        return length <= max ? body[..length] : null; // what is longer is no answer to any question here
    }

    private static string Explain(HttpRequestException failure, UpstreamDefinition upstream) => failure.HttpRequestError switch
    {
        HttpRequestError.NameResolutionError => $"its name {upstream.Base.Host} is not known",
        HttpRequestError.SecureConnectionError => failure.InnerException is AuthenticationException { Message: var message }
            ? message.Contains("frame", StringComparison.Ordinal) // .NET's words for an answer that is no TLS
                ? $"no secure connection: what answers at {upstream.Base.Authority} does not speak TLS; is it http:// there?"
                : $"no secure connection: {message.Split('\n')[0]}"
            : "no secure connection",
        HttpRequestError.ConnectionError => $"no connection to {upstream.Base.Authority}: {(failure.InnerException ?? failure).Message.Split('\n')[0]}",
        HttpRequestError.ProxyTunnelError => "the proxy did not let it through",
        HttpRequestError.InvalidResponse => "it does not speak HTTP",
        _ => failure.Message.Split('\n')[0],
    };
}

/// <summary>A Git host gave no answer. The message ends a sentence that names it.</summary>
internal sealed class UpstreamSilentException(string message, Exception? inner = null) : IOException(message, inner);
