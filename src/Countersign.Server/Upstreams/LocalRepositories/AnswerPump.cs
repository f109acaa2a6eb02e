using System.Buffers;
using System.IO.Pipelines;
using System.IO.Pipes;
using Countersign.Server.Transports;

namespace Countersign.Server.Upstreams.LocalRepositories;

/// <summary>
/// Copies a child's output into an answer. What is there is sent on the moment the child has nothing more right now, so
/// that progress is timely; under load it gathers.
/// </summary>
internal sealed class AnswerPump(Stream child, PipeWriter answer)
{
    private const int Chunk = 256 * 1024;

    // A long answer to a pipe is moved rather than copied; a short one is not worth a thread.
    private const int MovesFrom = 1024 * 1024;

    /// <summary>Bytes that were handed to the answer so far.</summary>
    public long Bytes { get; private set; }

    /// <summary>Sees every byte on its way; null to look at none.</summary>
    public PushReport? Report { get; init; }

    /// <summary>Goes out right before the child's first byte, and not at all when the child has none.</summary>
    public ReadOnlyMemory<byte> Preface { get; init; }

    public async Task<PumpEnd> RunAsync(CancellationToken cancellation)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Chunk);
        var (start, end) = (0, 0); // what is read and not sent yet
        var reading = Task.FromResult(0);
        try
        {
            while (true)
            {
                reading = child.ReadAsync(buffer.AsMemory(end), cancellation).AsTask();
                if (!reading.IsCompleted && end > start)
                {
                    // The read goes on behind `end` while what lies before it is sent.
                    if (!await SendAsync(buffer.AsMemory(start, end - start), cancellation))
                    {
                        return PumpEnd.ClientLeft;
                    }

                    start = end;
                }

                var count = await reading;
                Report?.Observe(buffer.AsSpan(end, count));
                end += count;
                if ((count == 0 || end == buffer.Length) && end > start)
                {
                    if (!await SendAsync(buffer.AsMemory(start, end - start), cancellation))
                    {
                        return PumpEnd.ClientLeft;
                    }

                    start = end;
                }

                if (count == 0)
                {
                    return PumpEnd.Complete;
                }

                if (start == end && Bytes >= MovesFrom && Report is null && answer is PipeEnd pipe && child is PipeStream output)
                {
                    return await pipe.MoveAsync(output, count => Bytes += count, cancellation) == MoveEnd.Complete
                        ? PumpEnd.Complete
                        : PumpEnd.ClientLeft;
                }

                (start, end) = start == end ? (0, 0) : (start, end);
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
