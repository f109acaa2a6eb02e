using System.IO.Pipelines;

namespace Countersign.Server.Transports.Https;

/// <summary>A push that waits on disk for its approval, sealed. It can be read as often as it must: to be looked at, and to be forwarded.</summary>
/// <param name="file">What it is written to; this owns it.</param>
/// <param name="release">Gives back the room that it took, in bytes.</param>
internal sealed class PushSpool(SealedFile file, Action<long> release) : IAsyncDisposable
{
    private bool disposed;

    /// <summary>Bytes of the body.</summary>
    public long Length { get; private set; }

    /// <summary>Adds a frame, for which room was claimed. All but the last are whole.</summary>
    public async ValueTask AppendAsync(ReadOnlyMemory<byte> frame, Memory<byte> scratch, CancellationToken cancellation)
    {
        var number = Length / SealedFile.FrameSize;
        Length += frame.Length; // it counts as taken, written or not
        await file.WriteAsync(number, frame, scratch, cancellation);
    }

    /// <summary>The body from <paramref name="offset"/> bytes on.</summary>
    public Stream OpenRead(long offset) => new SpoolStream(file, offset, Length);

    /// <summary>The whole body.</summary>
    public PipeReader Read() => PipeReader.Create(OpenRead(0), new(bufferSize: SealedFile.FrameSize, minimumReadSize: SealedFile.FrameSize / 2));

    public ValueTask DisposeAsync()
    {
        if (!disposed)
        {
            disposed = true;
            file.Dispose();
            release(Length);
        }

        return ValueTask.CompletedTask;
    }
}
