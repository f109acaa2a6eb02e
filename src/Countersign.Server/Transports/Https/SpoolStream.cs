namespace Countersign.Server.Transports.Https;

/// <summary>Reads what a <see cref="PushSpool"/> holds, frame by frame.</summary>
internal sealed class SpoolStream(SealedFile file, long offset, long end) : ReadOnce
{
    private readonly byte[] frame = new byte[SealedFile.FrameSize];
    private readonly byte[] scratch = new byte[SealedFile.StoredSize(SealedFile.FrameSize)];
    private long position = offset;
    private long opened = -1; // the number of the frame that is in memory

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var (number, start) = Math.DivRem(position, SealedFile.FrameSize);
        var available = (int)Math.Min(SealedFile.FrameSize, end - (number * SealedFile.FrameSize));
        if (position >= end || buffer.IsEmpty)
        {
            return 0;
        }

        if (opened != number)
        {
            await file.ReadAsync(number, frame.AsMemory(0, available), scratch, cancellationToken);
            opened = number;
        }

        var count = Math.Min(buffer.Length, available - (int)start);
        frame.AsMemory((int)start, count).CopyTo(buffer);
        position += count;
        return count;
    }
}
