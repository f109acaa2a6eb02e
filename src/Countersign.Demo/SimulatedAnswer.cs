using System.Text;

namespace Countersign.Demo;

/// <summary>One answer that is not what a well-behaved Duo would give; played in place of the right one.</summary>
/// <param name="PlayAsync">Writes it.</param>
internal sealed record SimulatedAnswer(Func<HttpContext, Task> PlayAsync)
{
    public static SimulatedAnswer Body(string json, int status = 200, string type = "application/json") => new(async context =>
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = type;
        await context.Response.WriteAsync(json, context.RequestAborted);
    });

    public static SimulatedAnswer Status(int status) => Body($$"""{"stat":"FAIL","code":{{status}}00,"message":"Status {{status}}"}""", status);

    /// <summary>Status 429; seconds or a date say how long to wait.</summary>
    public static SimulatedAnswer Busy(string? retryAfter = null) => new(async context =>
    {
        context.Response.StatusCode = 429;
        if (retryAfter is not null)
        {
            context.Response.Headers.RetryAfter = retryAfter;
        }

        await context.Response.WriteAsync("""{"stat":"FAIL","code":42901,"message":"Too Many Requests"}""", context.RequestAborted);
    });

    public static SimulatedAnswer Redirect(string to) => new(context =>
    {
        context.Response.Redirect(to);
        return Task.CompletedTask;
    });

    /// <summary>Takes the request and says nothing until the client gives up.</summary>
    public static SimulatedAnswer Silence { get; } = new(async context =>
    {
        var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = context.RequestAborted.Register(() => gone.TrySetResult());
        await gone.Task;
    });

    /// <summary>An allow, and then spaces without end.</summary>
    public static SimulatedAnswer Huge(string json, int bytes) => new(async context =>
    {
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(json, context.RequestAborted);
        var spaces = new byte[1 << 16];
        Array.Fill(spaces, (byte)' ');
        for (var sent = 0; sent < bytes; sent += spaces.Length)
        {
            await context.Response.Body.WriteAsync(spaces, context.RequestAborted);
        }
    });

    /// <summary>Says how long the answer is, and ends in its middle.</summary>
    public static SimulatedAnswer Cut(string json) => new(async context =>
    {
        context.Response.ContentType = "application/json";
        context.Response.Headers.ContentLength = Encoding.UTF8.GetByteCount(json);
        await context.Response.WriteAsync(json[..(json.Length / 2)], context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
        context.Abort();
    });

    /// <summary>What the real one says when somebody has approved.</summary>
    public static string Allow(string? txid = null) =>
        """{"stat":"OK","response":{"result":"allow","status":"allow","status_msg":"Success. Logging you in..." """ + (txid is null ? "}}" : $",\"txid\":\"{txid}\"}}}}");
}
