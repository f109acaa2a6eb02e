using System.IO.Pipelines;
using Microsoft.Win32.SafeHandles;

namespace Countersign.Server.Transports.Ssh;

/// <summary>What the client is sent: written as anything else, or moved there pipe to pipe. Its pipe grows with a long answer.</summary>
internal sealed class ShellOutput : PipeEnd
{
    // Room in bytes, where the system allows it: sshd then does not wait for the thread that fills it.
    private const int Room = 1024 * 1024;

    // Most answers are shorter, and so many bytes of kernel memory are not worth one.
    private const int GrowsFrom = 256 * 1024;

    private readonly SafePipeHandle pipe;
    private readonly PipeWriter copying;
    private readonly ClientPatience patience;
    private int written;

    private ShellOutput(SafePipeHandle pipe, PipeWriter copying, ClientPatience patience) =>
        (this.pipe, this.copying, this.patience) = (pipe, copying, patience);

    /// <summary>The writer itself where nothing can be moved to the client's end.</summary>
    public static PipeWriter Create(SafePipeHandle pipe, PipeWriter copying, ClientPatience patience) =>
        PipeMove.IsPipe(pipe) ? new ShellOutput(pipe, copying, patience) : copying;

    public override Task<MoveEnd> MoveAsync(SafePipeHandle from, Action<long> moved, CancellationToken cancellation) =>
        Task.Factory.StartNew(
            () => new PipeMove(from, pipe, patience, moved).Run(cancellation),
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    public override void Advance(int bytes)
    {
        Count(bytes);
        copying.Advance(bytes);
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
        if (written < GrowsFrom && (written += bytes) >= GrowsFrom)
        {
            PipeMove.TryEnlarge(pipe, Room);
        }
    }
}
