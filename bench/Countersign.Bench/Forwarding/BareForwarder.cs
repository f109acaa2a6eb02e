using System.IO.Pipelines;
using System.Net;
using Countersign.Server.Upstreams.SmartHttp;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Countersign.Bench.Forwarding;

/// <summary>
/// The least that forwarding can cost on our stack: Kestrel, the HTTP client that the gateway uses, the few headers that Git
/// needs, and copies between pipe and socket. It decides nothing, records nothing and has no idea what Git is.
/// </summary>
internal static class BareForwarder
{
    private const int Piece = 64 * 1024;
    private static readonly string[] Asked = ["Accept", "Authorization", "Content-Encoding", "Content-Type", "Git-Protocol", "User-Agent"];
    private static readonly string[] Answered = ["Cache-Control", "Content-Type", "Expires", "Pragma"];

    public static async Task RunAsync(int port, int origin)
    {
        using var client = new HttpMessageInvoker(Handler(new($"http://localhost:{origin}/")));
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Listen(IPAddress.Loopback, port, listen => listen.Protocols = HttpProtocols.Http1);
        });
        await using var app = builder.Build();
        app.Run(context => ForwardAsync(context, client, origin));
        await app.StartAsync();
        await ControlLoop.RunAsync((_, _) => Task.FromResult("unknown word"));
        await app.StopAsync();
    }

    private static SocketsHttpHandler Handler(Uri origin) =>
        UpstreamHandler.Create(ConnectionShape.Of(new("origin", "smart-http", origin)), new UpstreamsOptions());

    private static async Task ForwardAsync(HttpContext context, HttpMessageInvoker client, int origin)
    {
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        using var request = new HttpRequestMessage(new(context.Request.Method), new Uri($"http://localhost:{origin}{target}"));
        if (HttpMethods.IsPost(context.Request.Method))
        {
            request.Content = new PipedContent(context.Request.BodyReader, context.Request.ContentLength);
        }

        foreach (var name in Asked)
        {
            if (context.Request.Headers.TryGetValue(name, out var values) && !request.Headers.TryAddWithoutValidation(name, values.AsEnumerable()))
            {
                request.Content?.Headers.TryAddWithoutValidation(name, values.AsEnumerable());
            }
        }

        using var response = await client.SendAsync(request, context.RequestAborted);
        context.Response.StatusCode = (int)response.StatusCode;
        context.Response.ContentLength = response.Content.Headers.ContentLength;
        foreach (var name in Answered)
        {
            if (response.Headers.NonValidated.TryGetValues(name, out var values) || response.Content.Headers.NonValidated.TryGetValues(name, out values))
            {
                context.Response.Headers[name] = values.ToString();
            }
        }

        using var from = await response.Content.ReadAsStreamAsync(context.RequestAborted);
        await CopyAsync(from, context.Response.BodyWriter, context.RequestAborted);
    }

    private static async Task CopyAsync(Stream from, PipeWriter to, CancellationToken cancellation)
    {
        while (await from.ReadAsync(to.GetMemory(Piece), cancellation) is > 0 and var count)
        {
            to.Advance(count);
            await to.FlushAsync(cancellation);
        }
    }

    private sealed class PipedContent(PipeReader body, long? length) : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, default);

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
            body.CopyToAsync(stream, cancellationToken);

        protected override bool TryComputeLength(out long computed)
        {
            computed = length ?? 0;
            return length is not null;
        }
    }
}
