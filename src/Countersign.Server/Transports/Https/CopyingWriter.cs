using System.Buffers;
using System.IO.Pipelines;

namespace Countersign.Server.Transports.Https;

/// <summary>Passes everything on and keeps a copy, as long as it is short.</summary>
internal sealed class CopyingWriter(PipeWriter inner, int max) : PipeWriter
{
    private readonly ArrayBufferWriter<byte> copy = new();
    private Memory<byte> given;

    /// <summary>What passed; null when it was longer than may be kept.</summary>
    public ReadOnlyMemory<byte>? Copy => copy.WrittenCount <= max ? copy.WrittenMemory : null;

    public override Memory<byte> GetMemory(int sizeHint = 0) => given = inner.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public override void Advance(int bytes)
    {
        if (copy.WrittenCount <= max)
        {
            copy.Write(given.Span[..bytes]);
        }

        inner.Advance(bytes);
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => inner.FlushAsync(cancellationToken);

    public override void CancelPendingFlush() => inner.CancelPendingFlush();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);
}
