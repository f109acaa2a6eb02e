using System.Buffers;
using System.IO.Pipelines;
using Countersign.Core.Git;

namespace Countersign.Server.Transports.Https;

/// <summary>
/// Passes an advertisement on without its service packet and the flush behind it, in whatever pieces and spelling the far side
/// writes them; an answer that begins otherwise passes whole.
/// </summary>
internal sealed class AfterServiceLine(PipeWriter answer) : PipeWriter
{
    private readonly ArrayBufferWriter<byte> head = new(); // until it is known what the answer begins with: one packet at most
    private bool passing;

    public override bool CanGetUnflushedBytes => answer.CanGetUnflushedBytes;

    public override long UnflushedBytes => answer.UnflushedBytes;

    public override Memory<byte> GetMemory(int sizeHint = 0) => passing ? answer.GetMemory(sizeHint) : head.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => passing ? answer.GetSpan(sizeHint) : head.GetSpan(sizeHint);

    public override void Advance(int bytes)
    {
        if (passing)
        {
            answer.Advance(bytes);
            return;
        }

        head.Advance(bytes);
        Sift();
    }

    /// <summary>Nothing is flushed before the refs: a client must not see the whole service line and then silence.</summary>
    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) =>
        passing ? answer.FlushAsync(cancellationToken) : ValueTask.FromResult(new FlushResult(isCanceled: false, isCompleted: false));

    public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default) =>
        passing ? answer.WriteAsync(source, cancellationToken) : base.WriteAsync(source, cancellationToken);

    public override void CancelPendingFlush() => answer.CancelPendingFlush();

    public override void Complete(Exception? exception = null) => Release();

    /// <summary>The far side has ended: what was kept back was not a service line.</summary>
    public void Release()
    {
        if (!passing)
        {
            Pass(head.WrittenSpan);
        }
    }

    private void Sift()
    {
        var rest = head.WrittenSpan;
        var status = PktLine.TryRead(ref rest, out _, out ReadOnlySpan<byte> payload);
        if (status == ParseStatus.NeedMore)
        {
            return;
        }

        if (status != ParseStatus.Done || !payload.StartsWith("# service="u8))
        {
            Pass(head.WrittenSpan);
            return;
        }

        var refs = rest;
        status = PktLine.TryRead(ref refs, out var kind, out _);
        if (status != ParseStatus.NeedMore)
        {
            Pass(status == ParseStatus.Done && kind == PktKind.Flush ? refs : rest);
        }
    }

    private void Pass(ReadOnlySpan<byte> bytes)
    {
        answer.Write(bytes);
        passing = true;
    }
}
