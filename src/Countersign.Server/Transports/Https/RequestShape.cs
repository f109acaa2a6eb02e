using System.Net;
using Countersign.Core.Git;
using Countersign.Core.Identities;
using Microsoft.AspNetCore.Http.Features;

namespace Countersign.Server.Transports.Https;

/// <summary>What the transport takes from a request as it was received, and the shapes that two servers could read differently.</summary>
internal static class RequestShape
{
    private const int MaxUserAgent = 200;

    /// <summary>The request target, undecoded.</summary>
    public static string RawTarget(HttpContext context) => context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;

    public static ClientAddress Client(HttpContext context) =>
        context.Connection.RemoteIpAddress is { } address ? new(address) : new(IPAddress.None);

    /// <summary>What the client calls itself, made printable and short.</summary>
    public static string UserAgent(HttpContext context)
    {
        var text = TerminalText.Line(context.Request.Headers.UserAgent.ToString());
        return text.Length > MaxUserAgent ? text[..MaxUserAgent] : text;
    }

    /// <summary>
    /// One line when the message could be framed in two ways (RFC 9112 6.1, 6.3), else null. The server drops a Content-Length
    /// that comes with a Transfer-Encoding and keeps it as X-Content-Length: that is how it is seen here.
    /// </summary>
    public static string? Defect(HttpContext context)
    {
        var headers = context.Request.Headers;
        if (headers.TransferEncoding.Count > 0
            && (headers.TransferEncoding is not [var coding] || !string.Equals(coding, "chunked", StringComparison.OrdinalIgnoreCase)))
        {
            return "Transfer-Encoding must be chunked alone.";
        }

        if (headers.TransferEncoding.Count > 0 && (headers.ContentLength is not null || headers.ContainsKey("X-Content-Length")))
        {
            return "Content-Length and Transfer-Encoding exclude each other.";
        }

        return headers.Host.Count == 1 ? null : "There must be one Host header.";
    }
}
