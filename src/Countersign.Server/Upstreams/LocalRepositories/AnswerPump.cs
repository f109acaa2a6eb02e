using System.Buffers;
using System.IO.Pipelines;

namespace Countersign.Server.Upstreams.LocalRepositories;

/// <summary>
/// Copies a child's output into an answer. What is there is sent on at once, so that progress is timely; under load it gathers
/// in the pipe.
/// </summary>
internal sealed class AnswerPump(Stream child, PipeWriter answer)
{
    private const int Chunk = 256 * 1024;

    /// <summary>Bytes that were handed to the answer so far.</summary>
    public long Bytes { get; private set; }

    /// <summary>Sees every byte on its way; null to look at none.</summary>
    public PushReport? Report { get; init; }

    /// <summary>Goes out right before the child's first byte, and not at all when the child has none.</summary>
    public ReadOnlyMemory<byte> Preface { get; init; }

    public async Task<PumpEnd> RunAsync(CancellationToken cancellation)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Chunk);
        var reading = Task.FromResult(0);
        try
        {
            while (true)
            {
                // One after the other: while a piece is sent the pipe fills, so that the next one is large.
                reading = child.ReadAsync(buffer, cancellation).AsTask();
                var count = await reading;
                if (count == 0)
                {
                    return PumpEnd.Complete;
                }

                Report?.Observe(buffer.AsSpan(0, count));
                if (!await SendAsync(buffer.AsMemory(0, count), cancellation))
                {
                    return PumpEnd.ClientLeft;
                }
            }
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or InvalidOperationException)
        {
            return PumpEnd.ClientLeft;
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

    private async ValueTask<bool> SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        if (Bytes == 0 && !Preface.IsEmpty)
        {
            answer.Write(Preface.Span);
            Bytes = Preface.Length;
        }

        var result = await answer.WriteAsync(bytes, cancellation);
        Bytes += bytes.Length;
        return !result.IsCompleted && !result.IsCanceled;
    }
}
