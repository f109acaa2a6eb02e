using System.IO.Pipelines;
using Microsoft.Win32.SafeHandles;

namespace Countersign.Server.Transports.Ssh;

/// <summary>What the client sends: read as anything else, or moved from there pipe to pipe.</summary>
internal sealed class ShellInput : PipeStart
{
    private readonly SafePipeHandle pipe;
    private readonly PipeReader copying;
    private readonly ClientPatience patience;

    private ShellInput(SafePipeHandle pipe, PipeReader copying, ClientPatience patience) =>
        (this.pipe, this.copying, this.patience) = (pipe, copying, patience);

    /// <summary>The reader itself where nothing can be moved from the client's end.</summary>
    public static PipeReader Create(SafePipeHandle pipe, PipeReader copying, ClientPatience patience) =>
        PipeMove.IsPipe(pipe) ? new ShellInput(pipe, copying, patience) : copying;

    public override MoveEnd Move(SafePipeHandle to, Action<long> moved, CancellationToken cancellation) =>
        new PipeMove(pipe, to, moved) { WaitsForSource = patience }.Run(cancellation);

    public override bool TryRead(out ReadResult result) => copying.TryRead(out result);

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) => copying.ReadAsync(cancellationToken);

    public override void AdvanceTo(SequencePosition consumed) => copying.AdvanceTo(consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => copying.AdvanceTo(consumed, examined);

    public override void CancelPendingRead() => copying.CancelPendingRead();

    public override void Complete(Exception? exception = null) => copying.Complete(exception);
}
