using System.IO.Pipes;
using Microsoft.Win32.SafeHandles;

namespace Countersign.Server.Transports.Ssh;

/// <summary>The client's three ends, as streams that hold no thread while they wait.</summary>
internal sealed class ShellStreams(SafePipeHandle input, SafePipeHandle output, SafePipeHandle error)
    : IAsyncDisposable
{
    private AnonymousPipeClientStream current = new(PipeDirection.Out, output);

    public Stream Input { get; } = new AnonymousPipeClientStream(PipeDirection.In, input);

    public SafePipeHandle OutputPipe => current.SafePipeHandle;

    public Stream Output => current;

    public Stream Error { get; } = new AnonymousPipeClientStream(PipeDirection.Out, error);

    /// <summary>Opens the output anew where that can be done, so that nothing of the runtime's waits for it. Never while it is written to.</summary>
    public SafePipeHandle RenewOutput()
    {
        if (PipeMove.Reopen(OutputPipe, PipeDirection.Out) is { } own)
        {
            current.Dispose();
            current = new(PipeDirection.Out, own);
        }

        return OutputPipe;
    }

    public async ValueTask DisposeAsync()
    {
        await Input.DisposeAsync();
        await Output.DisposeAsync();
        await Error.DisposeAsync();
    }
}
