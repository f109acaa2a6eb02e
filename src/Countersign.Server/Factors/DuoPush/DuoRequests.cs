using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Countersign.Core.DuoPush;
using Microsoft.Extensions.Options;

namespace Countersign.Server.Factors.DuoPush;

/// <summary>One call of the Auth API; what it is, not yet when.</summary>
internal sealed record DuoCall(HttpMethod Method, string Path, IReadOnlyDictionary<string, string> Parameters);

/// <summary>Writes and signs requests.</summary>
internal sealed class DuoRequests(IOptions<DuoPushOptions> options, DuoSecretKey secret)
{
    private const string PingPath = "/auth/v2/ping";

    /// <param name="call">What is asked.</param>
    /// <param name="at">The time as Duo has it.</param>
    public HttpRequestMessage Make(DuoCall call, DateTimeOffset at)
    {
        var settings = options.Value;
        var (isGet, asJson) = (call.Method == HttpMethod.Get, settings.SignatureVersion == DuoSignature.Json);
        var parameters = isGet || !asJson ? DuoParameters.Encode(call.Parameters) : "";
        byte[] body = isGet ? [] : asJson ? DuoParameters.ToJson(call.Parameters) : System.Text.Encoding.ASCII.GetBytes(parameters);
        var date = at.UtcDateTime.ToString("ddd, dd MMM yyyy HH:mm:ss '-0000'", CultureInfo.InvariantCulture);
        var canonical = DuoSignature.Canonical(settings.SignatureVersion, date, call.Method.Method, settings.Host!, call.Path, parameters, body);

        var request = New(call.Method, isGet && parameters.Length > 0 ? $"{call.Path}?{parameters}" : call.Path);
        request.Headers.TryAddWithoutValidation("Date", date);
        request.Headers.TryAddWithoutValidation("Authorization", secret.Sign(settings.IntegrationKey!, canonical));
        if (!isGet)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(asJson ? "application/json" : "application/x-www-form-urlencoded");
        }

        return request;
    }

    /// <summary>The one question that is not signed: what time it is.</summary>
    public HttpRequestMessage Ping() => New(HttpMethod.Get, PingPath);

    private HttpRequestMessage New(HttpMethod method, string target)
    {
        var request = new HttpRequestMessage(method, new Uri($"https://{options.Value.Host}{target}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        request.Headers.TryAddWithoutValidation("User-Agent", "Countersign/1");
        return request;
    }
}
