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

/// <summary>
/// Copies a request body into a child, and says how it ended. What does not fit the pipe at once is written by a thread of
/// its own that blocks: index-pack reads 4 KiB at a time, and each would wake an asynchronous writer for 4 KiB more
/// (measured: 2.5 s of processor time for a push of 200 MB; moving pages with splice(2) wakes as often). There are at most as many such threads as children.
/// </summary>
/// <param name="request">The body. It is read to its end, or as far as the child wants it.</param>
/// <param name="child">The child's input, which nobody else writes to. Ending the child ends a blocked write.</param>
internal sealed class RequestPump(PipeReader request, Stream child)
{
    private const int Chunk = 256 * 1024;

    // A Linux pipe holds at least this much, so that nothing blocks before.
    private const int NeverBlocks = 64 * 1024;

    /// <summary>Bytes that went into the child so far.</summary>
    public long Bytes { get; private set; }

    /// <summary>Closes the child's input only after a complete body: a child must never take a broken upload for a finished one.</summary>
    public async Task<PumpEnd> RunAsync(CancellationToken cancellation)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Chunk);
        try
        {
            while (Bytes < NeverBlocks)
            {
                var result = await request.ReadAsync(cancellation);
                if (Copy(result, buffer, (int)(NeverBlocks - Bytes)) is { } end)
                {
                    return end;
                }
            }

            return await Task.Factory.StartNew(
                () => Run(buffer, cancellation), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or InvalidOperationException or InvalidDataException)
        {
            return PumpEnd.ClientLeft;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private PumpEnd Run(byte[] buffer, CancellationToken cancellation)
    {
        while (true)
        {
            var reading = request.ReadAsync(cancellation);
            var result = reading.IsCompletedSuccessfully ? reading.Result : reading.AsTask().GetAwaiter().GetResult();
            if (Copy(result, buffer, buffer.Length) is { } end)
            {
                return end;
            }
        }
    }

    private PumpEnd? Copy(ReadResult result, byte[] buffer, int most)
    {
        if (result.IsCanceled)
        {
            return PumpEnd.ClientLeft;
        }

        var part = result.Buffer.Slice(0, Math.Min(result.Buffer.Length, most));
        part.CopyTo(buffer);
        var count = (int)part.Length;
        var complete = result.IsCompleted && count == result.Buffer.Length;
        request.AdvanceTo(part.End);
        try
        {
            child.Write(buffer, 0, count);
            Bytes += count;
            if (complete)
            {
                child.Dispose();
            }
        }
        catch (IOException)
        {
            return PumpEnd.ChildClosed;
        }

        return complete ? PumpEnd.Complete : null;
    }
}
