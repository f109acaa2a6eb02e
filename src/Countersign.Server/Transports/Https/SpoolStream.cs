namespace Countersign.Server.Transports.Https;

/// <summary>Reads what a <see cref="PushSpool"/> holds, frame by frame.</summary>
internal sealed class SpoolStream(SealedFile file, long offset, long end) : Stream
{
    private readonly byte[] frame = new byte[SealedFile.FrameSize];
    private readonly byte[] scratch = new byte[SealedFile.StoredSize(SealedFile.FrameSize)];
    private long position = offset;
    private long opened = -1; // the number of the frame that is in memory

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

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

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
