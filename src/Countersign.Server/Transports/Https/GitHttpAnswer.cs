using System.Text;
using Countersign.Core.Git;
using Countersign.Server.Enforcement;

namespace Countersign.Server.Transports.Https;

/// <summary>The forms in which an HTTP answer reaches the person behind a Git client.</summary>
internal static class GitHttpAnswer
{
    public static string WireName(GitService service) => service == GitService.ReceivePack ? "git-receive-pack" : "git-upload-pack";

    /// <summary>text/plain: the one body that Git's command line shows, each line behind <c>remote: </c>.</summary>
    public static Task TextAsync(HttpContext context, int status, params IEnumerable<string> lines)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.Headers.XContentTypeOptions = "nosniff"; // the line that people copy from the terminal is opened in browsers
        NoCache(context);
        return context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(string.Concat(lines.Select(line => TerminalText.Line(line) + "\n"))), context.RequestAborted).AsTask();
    }

    /// <summary>Prepares the headers of a Git answer; the body's first byte sends them.</summary>
    public static void Begin(HttpContext context, GitService service, string kind)
    {
        context.Response.StatusCode = StatusCodes.Status200OK;
        context.Response.ContentType = $"application/x-{WireName(service)}-{kind}";
        NoCache(context);
    }

    /// <summary>The one answer that makes Git forget a stored credential: the first factor was absent or wrong.</summary>
    public static Task UnauthorizedAsync(HttpContext context, params IEnumerable<string> lines)
    {
        context.Response.Headers.WWWAuthenticate = "Basic realm=\"Countersign\", charset=\"UTF-8\"";
        return TextAsync(context, StatusCodes.Status401Unauthorized, lines);
    }

    /// <summary>What to call when the answer turns out to be compressed; null when the client does not take gzip.</summary>
    public static Action? Compressed(HttpContext context) =>
        context.Request.GetTypedHeaders().AcceptEncoding.Any(coding => coding.Value == "gzip" && coding.Quality is null or > 0)
            ? () => context.Response.Headers.ContentEncoding = "gzip"
            : null;

    /// <summary>The last word in an answer that cannot be finished, where its form has room for one; else its connection ends, so that it looks like none.</summary>
    public static async Task BreakOffAsync(HttpContext context, AnswerForm form, IEnumerable<string> lines, CancellationToken cancellation)
    {
        var text = string.Join('\n', lines);
        switch (form)
        {
            case AnswerForm.NotBegun or AnswerForm.Banded:
                context.Response.BodyWriter.WriteSideband(PktWriter.Fatal, Encoding.UTF8.GetBytes(TerminalText.Lines(text)));
                break;
            case AnswerForm.Packets:
                context.Response.BodyWriter.WriteError(text);
                break;
            default:
                context.Abort();
                return;
        }

        await context.Response.BodyWriter.FlushAsync(cancellation);
    }

    /// <summary>As git http-backend says it (RFC 9111 5.2.2.4): an old ref list must never be served for a new one.</summary>
    private static void NoCache(HttpContext context)
    {
        context.Response.Headers.CacheControl = "no-cache, max-age=0, must-revalidate";
        context.Response.Headers.Expires = "Fri, 01 Jan 1980 00:00:00 GMT";
        context.Response.Headers.Pragma = "no-cache";
    }
}
