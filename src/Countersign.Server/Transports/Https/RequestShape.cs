using Countersign.Core.Git;
using Microsoft.AspNetCore.Http.Features;

namespace Countersign.Server.Transports.Https;

/// <summary>What the transport takes from a request as it was received, and the shapes that two servers could read differently.</summary>
internal static class RequestShape
{
    private const int MaxUserAgent = 200;

    /// <summary>The request target, undecoded.</summary>
    public static string RawTarget(HttpContext context) => context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;

    /// <summary>What the client calls itself, made printable and short.</summary>
    public static string UserAgent(HttpContext context)
    {
        var text = TerminalText.Line(context.Request.Headers.UserAgent.ToString());
        return text.Length > MaxUserAgent ? text[..MaxUserAgent] : text;
    }

    /// <summary>One line when the message could be read in two ways, else null.</summary>
    public static string? Defect(HttpContext context) =>
        HttpProtocol.IsHttp2(context.Request.Protocol) ? DefectOfStream(context.Request.Headers) : DefectOfMessage(context.Request.Headers);

    /// <summary>A refusal after which nothing more is read from an HTTP/1 connection: two readings of one message must not share it with the next.</summary>
    public static Task RefuseAsync(HttpContext context, string defect)
    {
        if (!HttpProtocol.IsHttp2(context.Request.Protocol))
        {
            context.Response.Headers.Connection = "close";
        }

        return GitHttpAnswer.TextAsync(context, StatusCodes.Status400BadRequest, defect);
    }

    /// <summary>
    /// HTTP/2 frames its messages itself, so headers that frame or speak of the connection have no place in it (RFC 9113 8.2.2);
    /// a proxy that passed one on to an HTTP/1 server would split the message. The server makes :authority the Host header.
    /// </summary>
    private static string? DefectOfStream(IHeaderDictionary headers)
    {
        if (headers.TransferEncoding.Count > 0 || headers.Connection.Count > 0 || headers.KeepAlive.Count > 0 || headers.Upgrade.Count > 0
            || headers.ContainsKey("Proxy-Connection") || headers.ContainsKey("HTTP2-Settings")
            || (headers.TE.Count > 0 && headers.TE != "trailers"))
        {
            return "Headers about the connection have no place in HTTP/2.";
        }

        return headers.Host is [{ Length: > 0 }] ? null : "There must be one :authority.";
    }

    /// <summary>
    /// RFC 9112 6.1, 6.3. The server drops a Content-Length that comes with a Transfer-Encoding and keeps it as X-Content-Length:
    /// that is how it is seen here.
    /// </summary>
    private static string? DefectOfMessage(IHeaderDictionary headers)
    {
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
