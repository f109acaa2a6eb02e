using System.Net;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Upstreams;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Countersign.Server.Tests.LargeFiles;

/// <summary>A Git host that says what a test wants of its large files, and has one object below <c>/object</c>.</summary>
internal sealed class FakeLfsHost(WebApplication app, int port) : IAsyncDisposable
{
    public UpstreamDefinition Definition { get; } = new("far", "smart-http", new($"http://127.0.0.1:{port}"));

    public Dictionary<string, string>? Seen { get; private set; }

    /// <summary>The credential of the last question about objects.</summary>
    public string? AskedWith { get; private set; }

    public static async Task<FakeLfsHost> StartAsync(Func<string, string> batch, byte[]? content = null)
    {
        var port = GatewayFixture.FreePort();
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        var app = builder.Build();
        var host = new FakeLfsHost(app, port);
        app.Run(context => host.AnswerAsync(context, batch($"http://127.0.0.1:{port}"), content ?? []));
        await app.StartAsync(TestContext.Current.CancellationToken);
        return host;
    }

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync();
        await app.DisposeAsync();
    }

    private Task AnswerAsync(HttpContext context, string batch, byte[] content)
    {
        switch (context.Request.Path.Value)
        {
            case "/object":
                Seen = context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase);
                return context.Response.Body.WriteAsync(content).AsTask();
            case "/elsewhere":
                context.Response.Redirect("/object");
                return Task.CompletedTask;
            case "/whoami":
                var known = context.Request.Headers.Authorization == "Basic YW5uOmZhciBwYXNzd29yZA==";
                context.Response.StatusCode = known ? 200 : 401;
                return context.Response.WriteAsync(known ? "ann" : "who?");
            default:
                AskedWith = context.Request.Headers.Authorization;
                context.Response.ContentType = LfsConversation.MediaType;
                return context.Response.WriteAsync(batch);
        }
    }
}
