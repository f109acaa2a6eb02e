using System.IO.Pipelines;
using Countersign.Core.Git;
using Countersign.Server.Enforcement;

namespace Countersign.Server.Upstreams.SmartHttp;

/// <summary>
/// One request to a Git host and its answer. Every failure of the host ends as an <see cref="UpstreamUnavailableException"/>
/// that says what passed and in what form the client can still be told.
/// </summary>
internal sealed class UpstreamExchange(UpstreamDefinition upstream, UpstreamRequest request, Patience patience, UpstreamsOptions limits)
{
    public static readonly ForwardOutcome ClientLeft = new(false, 0, 0, "client left");

    private AnswerRelay? relay;

    public ForwardedBody? Body { get; init; }

    private bool ShowsCapabilities => Body is null && request is { ProtocolVersion: 2, Command.Service: GitService.UploadPack };

    private long BytesIn => Body?.Bytes ?? 0;

    private long BytesOut => relay?.Bytes ?? 0;

    public async Task<ForwardOutcome> RunAsync(UpstreamClient.Lease client, HttpRequestMessage message, PipeWriter answer, CancellationToken cancellation)
    {
        try
        {
            patience.Begin(limits.AnswerSeconds);
            using var response = await client.SendAsync(message, patience.Token);
            if (UpstreamFailures.Of(upstream, response, ContentType) is { } failure)
            {
                throw failure;
            }

            await using var stream = await response.Content.ReadAsStreamAsync(patience.Token);
            return ShowsCapabilities ? await OfferAsync(stream, answer) : await RelayAsync(stream, answer, IsCompressed(response));
        }
        catch (Exception) when (cancellation.IsCancellationRequested || Body is { ClientFault: not null })
        {
            return ClientLeft with { BytesIn = BytesIn, BytesOut = BytesOut };
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException or InvalidDataException or OperationCanceledException)
        {
            var failure = UpstreamFailures.Of(upstream, exception, patience, StageNow);
            throw new UpstreamUnavailableException(failure.Message, exception, failure.Failure)
            {
                Detail = failure.Detail,
                Untouched = failure.Untouched || Body is { HasBegun: false },
                BytesIn = BytesIn,
                BytesOut = BytesOut,
                Form = relay?.Form ?? AnswerForm.NotBegun,
            };
        }
    }

    private string ContentType => $"application/x-{UpstreamAddress.WordOf(request.Command.Service)}-{(Body is null ? "advertisement" : "result")}";

    private Stage StageNow => relay is not null ? Stage.Answering : Body is { HasBegun: true, IsComplete: false } ? Stage.Sending : Stage.Waiting;

    private bool IsCompressed(HttpResponseMessage response) => response.Content.Headers.ContentEncoding.ToArray() switch
    {
        [] or ["identity"] => false,
        ["gzip"] when request.AnswerIsCompressed is not null => true,
        _ => throw new InvalidDataException("The answer is encoded in a way that was not asked for."),
    };

    private async Task<ForwardOutcome> RelayAsync(Stream stream, PipeWriter answer, bool compressed)
    {
        var report = Body is not null && request.Command.Service == GitService.ReceivePack ? new PushReport() : null;
        relay = new(stream, answer, patience, limits.IdleSeconds)
        {
            Report = report,
            Bands = request.SidebandAll ? new() : null,
            IsOpaque = compressed,
            Begins = compressed ? request.AnswerIsCompressed : null,
        };
        if (!await relay.RunAsync())
        {
            return ClientLeft with { BytesIn = BytesIn, BytesOut = BytesOut };
        }

        if (relay.IsHalf)
        {
            throw new EndOfStreamException("The answer ends in the middle.");
        }

        var (succeeded, detail) = report?.Judge(request.Command.Updates.Count) ?? (true, "ok");
        return new(succeeded, BytesIn, BytesOut, detail) { Untouched = report is { Seen: true, Accepted: 0 } };
    }

    /// <summary>
    /// The capabilities of version 2, with sideband-all among them. They are decided on as showing nothing of the repository, so
    /// the refs of a host that speaks an older version must not go through in their place.
    /// </summary>
    private async Task<ForwardOutcome> OfferAsync(Stream stream, PipeWriter answer)
    {
        var buffer = new byte[CapabilityAdvertisement.MaxLength];
        patience.Begin(limits.IdleSeconds);
        var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, patience.Token);
        patience.End();
        var offered = new System.Buffers.ArrayBufferWriter<byte>(length + 64);
        if (!CapabilityAdvertisement.TryOfferSidebandAll(buffer.AsSpan(0, length), offered))
        {
            throw new OlderProtocolException();
        }

        var given = request.OffersNoMore ? buffer.AsMemory(0, length) : offered.WrittenMemory;
        await answer.WriteAsync(given, patience.Token);
        return new(true, 0, given.Length, "ok");
    }
}
