using System.IO.Compression;

namespace Countersign.Server.Transports.Https;

/// <summary>
/// Undoes gzip as it is read, within bounds: a few kilobytes that unpack to gigabytes are no request of Git's, whose ids
/// hardly compress at all.
/// </summary>
internal sealed class BoundedInflate(Stream body) : ReadOnce
{
    private const long Free = 1 << 20;
    private const int MaxRatio = 50; // Git's own stay below 4

    private readonly Counted source = new(body);
    private GZipStream? gzip;
    private long unpacked;

    /// <summary>Throws <see cref="InvalidDataException"/> for what is not gzip, or unpacks to too much.</summary>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        gzip ??= new(source, CompressionMode.Decompress);
        var count = await gzip.ReadAsync(buffer, cancellationToken);
        unpacked += count;
        return unpacked <= Free + (source.Bytes * MaxRatio) ? count : throw new InvalidDataException("The body unpacks to far more than any request of Git's.");
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            gzip?.Dispose();
        }

        base.Dispose(disposing);
    }

    private sealed class Counted(Stream inner) : ReadOnce
    {
        public long Bytes { get; private set; }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = await inner.ReadAsync(buffer, cancellationToken);
            Bytes += count;
            return count;
        }
    }
}
