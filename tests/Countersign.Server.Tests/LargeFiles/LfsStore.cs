using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Countersign.Server.Tests.LargeFiles;

/// <summary>
/// The large files of a Git host: what it says of a batch, and the store that it names, which may be a server of its own. The store takes
/// what carries the signature that the batch gave, or, at the host's own origin, what the host itself let pass.
/// </summary>
internal sealed class LfsStore(string origin, bool signs) : IAsyncDisposable
{
    private const string Signature = "by the host";
    private WebApplication? server;

    public ConcurrentDictionary<string, byte[]> Objects { get; } = new();

    /// <summary>Each request for an object, with its credential.</summary>
    public ConcurrentQueue<(string Method, string? Authorization)> Seen { get; } = new();

    /// <summary>A server of its own, at a name that need not be this machine's.</summary>
    public static async Task<LfsStore> ServeAsync(X509Certificate2 certificate, string name)
    {
        var port = Fixtures.GatewayFixture.FreePort();
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, listen => listen.UseHttps(certificate)));
        builder.WebHost.UseKestrelHttpsConfiguration();
        var app = builder.Build();
        var store = new LfsStore(string.Create(CultureInfo.InvariantCulture, $"https://{name}:{port}"), signs: true) { server = app };
        app.Run(async context =>
        {
            if (!await store.TryObjectAsync(context))
            {
                context.Response.StatusCode = 404;
            }
        });
        await app.StartAsync(TestContext.Current.CancellationToken);
        return store;
    }

    /// <summary>As a Git host answers batches, and the question about locks that comes before a push. False when it is neither.</summary>
    public async Task<bool> TryBatchAsync(HttpContext context)
    {
        context.Response.ContentType = LfsConversation.MediaType;
        if (context.Request.Path.Value!.EndsWith("/info/lfs/locks/verify", StringComparison.Ordinal))
        {
            await context.Response.WriteAsync("""{"ours":[],"theirs":[]}""");
            return true;
        }

        if (!context.Request.Path.Value.EndsWith("/info/lfs/objects/batch", StringComparison.Ordinal))
        {
            context.Response.ContentType = null;
            return false;
        }

        using var question = await JsonDocument.ParseAsync(context.Request.Body);
        var operation = question.RootElement.GetProperty("operation").GetString()!;
        var objects = question.RootElement.GetProperty("objects").EnumerateArray().Select(each => Entry(operation, each.GetProperty("oid").GetString()!, each.GetProperty("size").GetInt64()));
        await context.Response.WriteAsync(new JsonObject { ["transfer"] = "basic", ["objects"] = new JsonArray([.. objects]) }.ToJsonString());
        return true;
    }

    /// <summary>GET and PUT below /objects/. False when it is something else.</summary>
    public async Task<bool> TryObjectAsync(HttpContext context)
    {
        if (!context.Request.Path.StartsWithSegments("/objects", out var rest))
        {
            return false;
        }

        var oid = rest.Value!.TrimStart('/');
        Seen.Enqueue((context.Request.Method, context.Request.Headers.Authorization));
        if (signs && context.Request.Headers["X-Signed"] != Signature)
        {
            context.Response.StatusCode = 403;
        }
        else if (HttpMethods.IsPut(context.Request.Method))
        {
            using var content = new MemoryStream();
            await context.Request.Body.CopyToAsync(content);
            Objects[oid] = content.ToArray();
        }
        else if (Objects.TryGetValue(oid, out var found))
        {
            context.Response.ContentLength = found.Length;
            await context.Response.Body.WriteAsync(found);
        }
        else
        {
            context.Response.StatusCode = 404;
        }

        return true;
    }

    public ValueTask DisposeAsync() => server?.DisposeAsync() ?? ValueTask.CompletedTask;

    private JsonObject Entry(string operation, string oid, long size)
    {
        var entry = new JsonObject { ["oid"] = oid, ["size"] = size };
        if (operation == "download" && !Objects.ContainsKey(oid))
        {
            entry["error"] = new JsonObject { ["code"] = 404, ["message"] = "there is no such object" };
        }
        else if (operation == "download" || !Objects.ContainsKey(oid))
        {
            var action = new JsonObject { ["href"] = $"{origin}/objects/{oid}" };
            if (signs)
            {
                action["header"] = new JsonObject { ["X-Signed"] = Signature };
            }

            entry["actions"] = new JsonObject { [operation] = action };
        }

        return entry;
    }
}
