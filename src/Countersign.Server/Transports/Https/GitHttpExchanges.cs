using System.IO.Compression;
using System.IO.Pipelines;
using Countersign.Core.Git;
using Countersign.Server.Enforcement;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;

namespace Countersign.Server.Transports.Https;

/// <summary>Opens the exchange that fits a request, after reading as much of its body as a decision needs.</summary>
internal sealed class GitHttpExchanges(IOptions<HoldOptions> holds, RefusalText texts, PushSpools spools, CapabilityAnswers answers, Acceleration acceleration)
{
    /// <summary>Null when the request was answered already: its body is not Git's, or is a mere probe.</summary>
    public async Task<IHttpExchange?> OpenAsync(HttpContext context, GitHttpRequest.Valid request, CommandRequest command, CancellationToken cancellation)
    {
        var version = GitProtocolHeader.Parse(context.Request.Headers["Git-Protocol"]);
        if (request.Endpoint == GitEndpoint.InfoRefs)
        {
            return new InfoRefsExchange(context, command, version, holds.Value, texts, answers, acceleration.For(context, command));
        }

        if (Body(context) is not { } body)
        {
            await GitHttpAnswer.TextAsync(context, StatusCodes.Status415UnsupportedMediaType, "Content-Encoding must be gzip or absent.");
            return null;
        }

        var terms = new ExchangeTerms(holds.Value, texts, spools, acceleration.For(context, command));
        return request.Service == GitService.ReceivePack
            ? await ReceivePackExchange.OpenAsync(context, command, version, body, terms, cancellation)
            : await UploadPackExchange.OpenAsync(context, command, version, body, terms, cancellation);
    }

    /// <summary>The body as Git wrote it: a pack has no size limit here, it is streamed; gzip is undone as it streams.</summary>
    private static GitHttpBody? Body(HttpContext context)
    {
        context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = null;
        return context.Request.Headers.ContentEncoding switch
        {
            [] => new(context.Request.BodyReader, context.Request.ContentLength, false),
            ["gzip" or "x-gzip"] => new(PipeReader.Create(new GZipStream(context.Request.Body, CompressionMode.Decompress)), null, true),
            _ => null,
        };
    }
}

/// <summary>A request body.</summary>
/// <param name="Reader">What Git wrote.</param>
/// <param name="Length">Its bytes, where that is known.</param>
/// <param name="IsCompressed">The client sent it compressed.</param>
internal sealed record GitHttpBody(PipeReader Reader, long? Length, bool IsCompressed);

/// <summary>An exchange that owns something to give back at its end.</summary>
internal interface IHttpExchange : IGitExchange, IAsyncDisposable;

/// <summary>What every exchange with a body needs to hold and to refuse.</summary>
internal sealed record ExchangeTerms(HoldOptions Holds, RefusalText Texts, PushSpools Spools, HandOver? HandOver);
