using Countersign.Core.LargeFiles;

namespace Countersign.Server.Transports.Https.LargeFiles;

/// <summary>The forms in which Git LFS takes an answer. Its <c>message</c> is the one text that it shows.</summary>
internal static class LfsAnswer
{
    public const string MediaType = "application/vnd.git-lfs+json";

    public static Task MessageAsync(HttpContext context, int status, string message) => JsonAsync(context, status, LfsDocument.Message(message));

    public static async Task JsonAsync(HttpContext context, int status, ReadOnlyMemory<byte> json)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = MediaType;
        context.Response.ContentLength = json.Length;
        Private(context);
        await context.Response.Body.WriteAsync(json, context.RequestAborted);
    }

    /// <summary>Answers hold tokens, or what somebody needed approval to read.</summary>
    public static void Private(HttpContext context)
    {
        context.Response.Headers.CacheControl = "private, no-store";
        context.Response.Headers.XContentTypeOptions = "nosniff";
    }
}
