using System.IO.Pipelines;
using System.IO.Pipes;

namespace Countersign.Server.Transports.Ssh;

/// <summary>What the client is sent: written as anything else, or moved there pipe to pipe.</summary>
internal sealed class ShellOutput : PipeEnd
{
    // Room in bytes, where the system allows it, for what is long: sshd then does not wait for each piece. What is short gets none,
    // so that a client that takes nothing is noticed.
    private const int Room = 1024 * 1024;

    private readonly ShellStreams streams;
    private readonly PipeWriter copying;
    private readonly ClientPatience patience;
    private int written; // as far as it matters

    private ShellOutput(ShellStreams streams, PipeWriter copying, ClientPatience patience) =>
        (this.streams, this.copying, this.patience) = (streams, copying, patience);

    /// <summary>The writer itself where nothing can be moved to the client's end.</summary>
    public static PipeWriter Create(ShellStreams streams, PipeWriter copying, ClientPatience patience) =>
        PipeMove.IsPipe(streams.OutputPipe) ? new ShellOutput(streams, copying, patience) : copying;

    public override async Task<MoveEnd> MoveAsync(PipeStream from, Action<long> moved, CancellationToken cancellation)
    {
        var pipe = streams.RenewOutput();
        PipeMove.TryEnlarge(pipe, Room);
        using var source = PipeMove.Reopen(from.SafePipeHandle, PipeDirection.In) ?? from.SafePipeHandle;
        PipeMove.TryEnlarge(source, Room);
        if (source != from.SafePipeHandle)
        {
            await from.DisposeAsync();
        }

        return await Task.Factory.StartNew(
            () => new PipeMove(source, pipe, patience, moved).Run(cancellation),
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    public override void Advance(int bytes)
    {
        copying.Advance(bytes);
        Count(bytes);
    }

    public override Memory<byte> GetMemory(int sizeHint = 0) => copying.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => copying.GetSpan(sizeHint);

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => copying.FlushAsync(cancellationToken);

    public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
    {
        Count(source.Length);
        return copying.WriteAsync(source, cancellationToken);
    }

    public override void CancelPendingFlush() => copying.CancelPendingFlush();

    public override void Complete(Exception? exception = null) => copying.Complete(exception);

    private void Count(int bytes)
    {
        if (written < Room && (written += bytes) >= Room)
        {
            PipeMove.TryEnlarge(streams.OutputPipe, Room);
        }
    }
}
