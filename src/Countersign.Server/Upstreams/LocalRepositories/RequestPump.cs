using System.Buffers;
using System.IO.Pipelines;

namespace Countersign.Server.Upstreams.LocalRepositories;

internal enum PumpEnd
{
    /// <summary>Everything was copied, to a clean end.</summary>
    Complete,

    /// <summary>The child wants no more of it.</summary>
    ChildClosed,

    /// <summary>The client's side broke, or the copy was cancelled.</summary>
    ClientLeft,
}

/// <summary>Copies a request body into a child, and says how it ended. Small reads are gathered: a write wakes the child.</summary>
internal sealed class RequestPump(PipeReader request, Stream child)
{
    private const int Chunk = 256 * 1024;

    /// <summary>Bytes that went into the child so far.</summary>
    public long Bytes { get; private set; }

    /// <summary>Closes the child's input only after a complete body: a child must never take a broken upload for a finished one.</summary>
    public async Task<PumpEnd> RunAsync(CancellationToken cancellation)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Chunk);
        try
        {
            while (true)
            {
                var result = await request.ReadAsync(cancellation);
                if (result.IsCanceled)
                {
                    return PumpEnd.ClientLeft;
                }

                var part = result.Buffer.Slice(0, Math.Min(result.Buffer.Length, buffer.Length));
                part.CopyTo(buffer);
                var count = (int)part.Length;
                var complete = result.IsCompleted && count == result.Buffer.Length;
                request.AdvanceTo(part.End);
                if (count > 0 && !await WriteAsync(buffer.AsMemory(0, count), cancellation))
                {
                    return PumpEnd.ChildClosed;
                }

                if (complete)
                {
                    await child.DisposeQuietlyAsync();
                    return PumpEnd.Complete;
                }
            }
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or BadHttpRequestException or InvalidOperationException or InvalidDataException)
        {
            return PumpEnd.ClientLeft;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async Task<bool> WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        try
        {
            await child.WriteAsync(bytes, cancellation);
            Bytes += bytes.Length;
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
