using Countersign.Core.LargeFiles;
using Countersign.Server.Enforcement;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace Countersign.Server.Transports.Https.LargeFiles;

/// <summary>The content of one object, either way, between the client and the far side.</summary>
internal sealed class LfsTransfers(ILfsUpstream upstream)
{
    private const int Piece = 64 * 1024;

    public Task<ForwardOutcome> RunAsync(HttpContext context, CommandRequest request, LfsTransfer transfer, CancellationToken cancellation) => transfer.Action switch
    {
        LfsAction.Download => DownloadAsync(context, request, transfer, cancellation),
        LfsAction.Upload => UploadAsync(context, request, transfer, cancellation),
        _ => VerifyAsync(context, request, transfer, cancellation),
    };

    private async Task<ForwardOutcome> DownloadAsync(HttpContext context, CommandRequest request, LfsTransfer transfer, CancellationToken cancellation)
    {
        if (RangeOf(context, transfer.Object) is not { } range)
        {
            context.Response.Headers.ContentRange = $"bytes */{transfer.Object.Size}";
            await LfsAnswer.MessageAsync(context, StatusCodes.Status416RangeNotSatisfiable, "The object has no such part.");
            return new(false, 0, 0, "no such part");
        }

        await using var content = await upstream.OpenAsync(request, transfer, range, cancellation);
        if (content is null)
        {
            await LfsAnswer.MessageAsync(context, StatusCodes.Status404NotFound, "The object is not here.");
            return new(false, 0, 0, "not found");
        }

        context.Response.StatusCode = range.IsPart ? StatusCodes.Status206PartialContent : StatusCodes.Status200OK;
        context.Response.ContentType = "application/octet-stream";
        context.Response.ContentLength = range.Length;
        context.Response.Headers.AcceptRanges = "bytes";
        context.Response.Headers.ETag = Tag(transfer.Object);
        if (range.IsPart)
        {
            context.Response.Headers.ContentRange = $"bytes {range.Offset}-{range.Offset + range.Length - 1}/{transfer.Object.Size}";
        }

        LfsAnswer.Private(context);
        return await CopyAsync(context, content, range.Length, cancellation);
    }

    private static async Task<ForwardOutcome> CopyAsync(HttpContext context, Stream content, long length, CancellationToken cancellation)
    {
        var writer = context.Response.BodyWriter;
        var left = length;
        try
        {
            while (left > 0)
            {
                var memory = writer.GetMemory(Piece);
                var read = await content.ReadAsync(memory[..(int)Math.Min(memory.Length, left)], cancellation);
                if (read == 0)
                {
                    context.Abort(); // the far side broke off: a half object must not look like a whole one
                    return new(false, 0, length - left, "broke off");
                }

                writer.Advance(read);
                left -= read;
                if ((await writer.FlushAsync(cancellation)).IsCompleted)
                {
                    return new(false, 0, length - left, "client left");
                }
            }

            return new(true, 0, length, "ok");
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return new(false, 0, length - left, "client left");
        }
        catch (IOException)
        {
            context.Abort();
            return new(false, 0, length - left, "broke off");
        }
    }

    private async Task<ForwardOutcome> UploadAsync(HttpContext context, CommandRequest request, LfsTransfer transfer, CancellationToken cancellation)
    {
        if (context.Request.ContentLength is { } length && length != transfer.Object.Size)
        {
            await RefusedBody.DrainAsync(context.Request.BodyReader, cancellation);
            await LfsAnswer.MessageAsync(context, StatusCodes.Status422UnprocessableEntity, $"The object has {transfer.Object.Size} bytes, not {length}.");
            return new(false, 0, 0, "wrong size");
        }

        context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = null; // its size was decided on, and is counted
        var reply = await upstream.StoreAsync(request, transfer, context.Request.BodyReader, cancellation);
        if (!reply.Succeeded)
        {
            await RefusedBody.DrainAsync(context.Request.BodyReader, cancellation);
        }

        await LfsAnswer.JsonAsync(context, reply.Status, reply.Json);
        return new(reply.Succeeded, reply.BytesIn, reply.Json.Length, reply.Detail);
    }

    private async Task<ForwardOutcome> VerifyAsync(HttpContext context, CommandRequest request, LfsTransfer transfer, CancellationToken cancellation)
    {
        var reply = await upstream.VerifyAsync(request, transfer, cancellation);
        await LfsAnswer.JsonAsync(context, reply.Status, reply.Json);
        return new(reply.Succeeded, reply.BytesIn, reply.Json.Length, reply.Detail);
    }

    /// <summary>One range of bytes (RFC 9110 14.2); anything else is answered whole. Null when it lies outside.</summary>
    private static LfsRange? RangeOf(HttpContext context, LfsObject asked)
    {
        var whole = new LfsRange(0, asked.Size, false);
        if (!RangeHeaderValue.TryParse(context.Request.Headers.Range.ToString(), out var header)
            || header.Unit != "bytes" || header.Ranges.Count != 1
            || (context.Request.Headers.IfRange is [{ Length: > 0 } tag] && tag != Tag(asked)))
        {
            return whole;
        }

        var range = header.Ranges.Single();
        var (first, last) = (range.From, range.To) switch
        {
            (null, { } suffix) => (Math.Max(0, asked.Size - suffix), asked.Size - 1),
            ({ } from, var to) => (from, Math.Min(to ?? long.MaxValue, asked.Size - 1)),
            _ => (0, asked.Size - 1),
        };
        return first <= last ? new(first, last - first + 1, true) : null;
    }

    /// <summary>The name is the content's hash, so it is its strong tag too.</summary>
    private static string Tag(LfsObject asked) => $"\"{asked.Oid}\"";
}
