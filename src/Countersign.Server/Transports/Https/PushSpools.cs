using System.Buffers;
using System.IO.Pipelines;
using Countersign.Server.Enforcement;
using Microsoft.Extensions.Options;

namespace Countersign.Server.Transports.Https;

/// <summary>Where pushes wait on disk for their approval, and how much of it they may take, each and all together.</summary>
internal sealed class PushSpools(GatewayOptions gateway, IOptions<HoldOptions> holds)
{
    private long taken;

    /// <summary>Bytes of all pushes that wait right now.</summary>
    public long Taken => Volatile.Read(ref taken);

    /// <summary>Reads the body to its end; null when it is longer than a push may be or there is no more room, and then its rest is not read.</summary>
    public async Task<PushSpool?> TakeAsync(PipeReader body, CancellationToken cancellation)
    {
        var spool = new PushSpool(new SealedFile(gateway.SpoolFolder), length => Interlocked.Add(ref taken, -length));
        var frame = ArrayPool<byte>.Shared.Rent(SealedFile.FrameSize + SealedFile.StoredSize(SealedFile.FrameSize));
        try
        {
            while (true)
            {
                var result = await ReadAsync(body, cancellation);
                var count = (int)Math.Min(SealedFile.FrameSize, result.Buffer.Length);
                if (count < SealedFile.FrameSize && !result.IsCompleted)
                {
                    body.AdvanceTo(result.Buffer.Start, result.Buffer.End); // whole frames only, but for the last
                    continue;
                }

                if (spool.Length + count > holds.Value.SpoolBytes || !Claim(count))
                {
                    body.AdvanceTo(result.Buffer.Start);
                    await spool.DisposeAsync();
                    return null;
                }

                var part = result.Buffer.Slice(0, count);
                part.CopyTo(frame);
                var isLast = result.IsCompleted && count == result.Buffer.Length;
                body.AdvanceTo(part.End);
                await spool.AppendAsync(frame.AsMemory(0, count), frame.AsMemory(SealedFile.FrameSize), cancellation);
                if (isLast)
                {
                    return spool;
                }
            }
        }
        catch
        {
            await spool.DisposeAsync();
            throw;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(frame, clearArray: true);
        }
    }

    private bool Claim(int count)
    {
        if (Interlocked.Add(ref taken, count) <= holds.Value.SpoolTotalBytes)
        {
            return true;
        }

        Interlocked.Add(ref taken, -count);
        return false;
    }

    /// <summary>Tells the client's broken body, which is its own fault, from a broken disk.</summary>
    private static async ValueTask<ReadResult> ReadAsync(PipeReader body, CancellationToken cancellation)
    {
        try
        {
            return await body.ReadAsync(cancellation);
        }
        catch (Exception exception) when (exception is IOException or InvalidDataException)
        {
            throw new UnreadableRequestException("The body of this push is broken.", exception);
        }
    }
}
