using System.Buffers;
using System.IO.Compression;
using System.IO.Pipelines;
using System.Net;
using Countersign.Core.Git;
using Countersign.Server.Enforcement;

namespace Countersign.Server.Upstreams.SmartHttp;

/// <summary>
/// A request body on its way from the client to the host, in pieces, never whole. Only what is short and must be changed or
/// measured is read first, so that hosts which take no chunks get the requests of ordinary fetches with a length.
/// </summary>
internal sealed class ForwardedBody : HttpContent
{
    private const int Short = 64 * 1024;
    private const int Piece = 128 * 1024;

    private readonly UpstreamRequest request;
    private readonly PipeReader client;
    private readonly Patience patience;
    private readonly UpstreamsOptions limits;
    private byte[]? whole;
    private long wholeBytes;

    public ForwardedBody(UpstreamRequest request, PipeReader client, Patience patience, UpstreamsOptions limits)
    {
        (this.request, this.client, this.patience, this.limits) = (request, client, patience, limits);
        if (request.CompressBody)
        {
            Headers.TryAddWithoutValidation("Content-Encoding", "gzip");
        }
    }

    /// <summary>Bytes of the body, as Git wrote it, that went out.</summary>
    public long Bytes { get; private set; }

    /// <summary>What was wrong on the client's side, where the body did not go out because of it.</summary>
    public Exception? ClientFault { get; private set; }

    /// <summary>Some of it may have gone out.</summary>
    public bool HasBegun { get; private set; }

    /// <summary>All of it went out.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>Reads what must be read before the first byte can go out. False when the client has gone.</summary>
    public async Task<bool> TryOpenAsync(CancellationToken cancellation)
    {
        try
        {
            await (MustBeChanged || request.BodyLength is null ? ReadShortAsync(cancellation) : Task.CompletedTask);
            return true;
        }
        catch (Exception exception) when (exception is IOException or InvalidDataException or InvalidOperationException or OperationCanceledException)
        {
            return false;
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = whole?.Length ?? (MustBeChanged ? null : request.BodyLength) ?? -1;
        return length >= 0;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        if (HasBegun)
        {
            throw new InvalidOperationException("A body can be sent once.");
        }

        HasBegun = true;
        if (whole is not null)
        {
            await WriteAsync(stream, whole, cancellationToken);
            Bytes = wholeBytes;
        }
        else if (request.CompressBody)
        {
            await using var gzip = new GZipStream(stream, CompressionLevel.Fastest, leaveOpen: true);
            await CopyAsync(gzip, cancellationToken);
        }
        else
        {
            await CopyAsync(stream, cancellationToken);
        }

        IsComplete = true;
        patience.Begin(limits.AnswerSeconds);
    }

    private bool MustBeChanged => request.CompressBody || request.SidebandAll;

    /// <summary>Takes the body if it ends within a short piece; else leaves all of it where it is.</summary>
    private async Task ReadShortAsync(CancellationToken cancellation)
    {
        while (true)
        {
            var result = await ReadAsync(cancellation);
            if (result.Buffer.Length > Short || result.IsCompleted)
            {
                if (result.IsCompleted && result.Buffer.Length <= Short)
                {
                    whole = Change(result.Buffer);
                    wholeBytes = result.Buffer.Length;
                    client.AdvanceTo(result.Buffer.End);
                }
                else
                {
                    client.AdvanceTo(result.Buffer.Start);
                }

                return;
            }

            client.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }
    }

    private byte[] Change(ReadOnlySequence<byte> body)
    {
        var changed = new ArrayBufferWriter<byte>((int)body.Length + 64);
        Transform(ref body, changed, last: true);
        if (!request.CompressBody)
        {
            return changed.WrittenSpan.ToArray();
        }

        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(changed.WrittenSpan);
        }

        return compressed.ToArray();
    }

    /// <summary>Moves what can go out from the front of <paramref name="body"/> to the writer.</summary>
    private void Transform(ref ReadOnlySequence<byte> body, ArrayBufferWriter<byte> writer, bool last)
    {
        if (request.SidebandAll && !SidebandAll.TryStrip(ref body, writer))
        {
            throw ClientFault = new InvalidDataException("The request is not in packets.");
        }

        if (!request.SidebandAll || last)
        {
            foreach (var part in body)
            {
                writer.Write(part.Span);
            }

            body = body.Slice(body.End);
        }
    }

    private async Task CopyAsync(Stream stream, CancellationToken cancellation)
    {
        var piece = new ArrayBufferWriter<byte>(Piece);
        while (true)
        {
            patience.End(); // it is the client's turn
            var result = await ReadAsync(cancellation);
            var taken = result.Buffer.Length > Piece ? result.Buffer.Slice(0, Piece) : result.Buffer;
            var rest = taken;
            var last = result.IsCompleted && taken.Length == result.Buffer.Length;
            Transform(ref rest, piece, last);
            var consumed = taken.Length - rest.Length;
            client.AdvanceTo(rest.Start, taken.End);
            await WriteAsync(stream, piece.WrittenMemory, cancellation);
            Bytes += consumed;
            piece.ResetWrittenCount();
            if (last)
            {
                return;
            }
        }
    }

    private async ValueTask WriteAsync(Stream stream, ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        patience.Begin(limits.IdleSeconds);
        await stream.WriteAsync(bytes, cancellation);
    }

    private async ValueTask<ReadResult> ReadAsync(CancellationToken cancellation)
    {
        try
        {
            return await client.ReadAsync(cancellation);
        }
        catch (Exception exception) when (exception is IOException or InvalidDataException or InvalidOperationException)
        {
            ClientFault = exception;
            throw;
        }
    }
}
