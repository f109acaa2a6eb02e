using System.IO.Pipelines;
using Countersign.Server.Enforcement;
using Microsoft.Win32.SafeHandles;

namespace Countersign.Server.Transports.Https;

/// <summary>A push that waits on disk for its approval: one file without a name, so that nothing of it outlives the gateway.</summary>
internal sealed class PushSpool : IAsyncDisposable
{
    private readonly SafeFileHandle file;
    private readonly long length;

    private PushSpool(SafeFileHandle file, long length) => (this.file, this.length) = (file, length);

    /// <summary>Reads the body to its end; null when it is longer than <paramref name="limit"/> bytes, and then its rest is not read.</summary>
    public static async Task<PushSpool?> TakeAsync(PipeReader body, string folder, long limit, CancellationToken cancellation)
    {
        var path = Path.Combine(folder, Path.GetRandomFileName());
        var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, FileOptions.Asynchronous);
        try
        {
            File.Delete(path); // the open file stays; its name goes, whatever happens from here on
            var length = 0L;
            while (true)
            {
                var result = await ReadAsync(body, cancellation);
                if (length + result.Buffer.Length > limit)
                {
                    body.AdvanceTo(result.Buffer.Start);
                    file.Dispose();
                    return null;
                }

                foreach (var part in result.Buffer)
                {
                    await RandomAccess.WriteAsync(file, part, length, cancellation);
                    length += part.Length;
                }

                body.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted)
                {
                    return new(file, length);
                }
            }
        }
        catch
        {
            file.Dispose();
            throw;
        }
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

    /// <summary>Bytes of the body.</summary>
    public long Length => length;

    /// <summary>The body from <paramref name="offset"/> bytes on.</summary>
    public Stream OpenRead(long offset) => new SpoolStream(file, offset, length);

    public ValueTask DisposeAsync()
    {
        file.Dispose();
        return ValueTask.CompletedTask;
    }

    private sealed class SpoolStream(SafeFileHandle file, long offset, long end) : Stream
    {
        private long position = offset;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var wanted = (int)Math.Min(buffer.Length, end - position);
            var read = wanted == 0 ? 0 : await RandomAccess.ReadAsync(file, buffer[..wanted], position, cancellationToken);
            position += read;
            return read;
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
