using System.Buffers;
using System.IO.Pipelines;
using Countersign.Core.Git;
using Countersign.Server.Enforcement;

namespace Countersign.Server.Upstreams.SmartHttp;

/// <summary>
/// Copies a host's answer to the client, whole packets only, so that a last word can follow where the host breaks off. What is
/// there is sent on at once; under load it gathers in the socket.
/// </summary>
internal sealed class AnswerRelay(Stream host, PipeWriter answer, Patience patience, int idleSeconds)
{
    private const int Chunk = 256 * 1024; // more than the longest packet, so that one always fits

    private readonly PacketEnds packets = new();

    /// <summary>Bytes that were handed to the client so far.</summary>
    public long Bytes { get; private set; }

    /// <summary>Sees every byte on its way; null to look at none.</summary>
    public PushReport? Report { get; init; }

    /// <summary>Puts the packets into bands on their way; null where they go as they are.</summary>
    public SidebandAllAnswer? Bands { get; init; }

    /// <summary>The answer is compressed: its packets cannot be seen.</summary>
    public bool IsOpaque { get; init; }

    /// <summary>Called once, before the first byte goes to the client.</summary>
    public Action? Begins { get; init; }

    /// <summary>In what form the client can be told something behind what it got.</summary>
    public AnswerForm Form =>
        Bytes == 0 ? AnswerForm.NotBegun
        : IsOpaque || packets.IsRaw ? AnswerForm.Opaque
        : Bands is not null || packets.Band != 0 ? AnswerForm.Banded
        : AnswerForm.Packets;

    /// <summary>The answer's end cannot be its end: it is in a packet, or in the middle of a banded part.</summary>
    public bool IsHalf => !IsOpaque && !packets.IsRaw && (!packets.IsAtEnd || (packets.Band != 0 && !packets.EndsWithFlush));

    /// <summary>False when the client has gone. What the host does wrong is thrown.</summary>
    public async Task<bool> RunAsync()
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Chunk);
        var kept = 0; // the beginning of a packet whose end is still to come
        var reading = Task.FromResult(0);
        try
        {
            while (true)
            {
                // One after the other: while a piece is sent the socket fills, so that the next one is large.
                patience.Begin(idleSeconds);
                reading = host.ReadAsync(buffer.AsMemory(kept), patience.Token).AsTask();
                var count = await reading;
                patience.End(); // a client that takes its time is not the host's fault
                if (count == 0)
                {
                    return true;
                }

                var fresh = buffer.AsMemory(kept, count);
                var ends = IsOpaque ? count : packets.Take(fresh.Span);
                Report?.Observe(fresh.Span);
                var (whole, read) = (ends > 0 ? kept + ends : 0, kept + count);
                if (whole > 0 && !await SendAsync(buffer.AsMemory(0, whole)))
                {
                    return false;
                }

                kept = read - whole;
                buffer.AsSpan(whole, kept).CopyTo(buffer);
            }
        }
        finally
        {
            // A buffer that a read still writes to must not go back to the pool.
            if (reading.IsCompleted)
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }

    private async ValueTask<bool> SendAsync(ReadOnlyMemory<byte> bytes)
    {
        if (Bytes == 0)
        {
            Begins?.Invoke();
        }

        Bytes += bytes.Length;
        if (Bands is null)
        {
            answer.Write(bytes.Span);
        }
        else if (!Bands.TryWrite(bytes.Span, answer))
        {
            throw new InvalidDataException("The answer is not in packets.");
        }

        var result = await answer.FlushAsync(patience.Token);
        return !result.IsCompleted && !result.IsCanceled;
    }
}
