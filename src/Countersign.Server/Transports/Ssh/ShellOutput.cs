using System.IO.Pipelines;
using Microsoft.Win32.SafeHandles;

namespace Countersign.Server.Transports.Ssh;

/// <summary>What the client is sent: written as anything else, or moved there pipe to pipe.</summary>
internal sealed class ShellOutput : PipeEnd
{
    // Room in bytes, where the system allows it: sshd then does not wait for the thread that moves them.
    private const int Room = 1024 * 1024;

    private readonly SafePipeHandle pipe;
    private readonly PipeWriter copying;
    private readonly ClientPatience patience;

    private ShellOutput(SafePipeHandle pipe, PipeWriter copying, ClientPatience patience) =>
        (this.pipe, this.copying, this.patience) = (pipe, copying, patience);

    /// <summary>The writer itself where nothing can be moved to the client's end.</summary>
    public static PipeWriter Create(SafePipeHandle pipe, PipeWriter copying, ClientPatience patience) =>
        PipeMove.IsPipe(pipe) ? new ShellOutput(pipe, copying, patience) : copying;

    public override Task<MoveEnd> MoveAsync(SafePipeHandle from, Action<long> moved, CancellationToken cancellation)
    {
        PipeMove.TryEnlarge(pipe, Room);
        return Task.Factory.StartNew(
            () => new PipeMove(from, pipe, patience, moved).Run(cancellation),
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    public override void Advance(int bytes) => copying.Advance(bytes);

    public override Memory<byte> GetMemory(int sizeHint = 0) => copying.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => copying.GetSpan(sizeHint);

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => copying.FlushAsync(cancellationToken);

    public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default) =>
        copying.WriteAsync(source, cancellationToken);

    public override void CancelPendingFlush() => copying.CancelPendingFlush();

    public override void Complete(Exception? exception = null) => copying.Complete(exception);
}
