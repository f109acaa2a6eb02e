using System.IO.Pipes;
using Microsoft.Win32.SafeHandles;

namespace Countersign.Server.Transports.Ssh;

/// <summary>The client's three ends, as streams that hold no thread while they wait.</summary>
internal sealed class ShellStreams(SafePipeHandle input, SafePipeHandle output, SafePipeHandle error)
    : IAsyncDisposable
{
    public Stream Input { get; } = new AnonymousPipeClientStream(PipeDirection.In, input);

    public SafePipeHandle OutputPipe => output;

    public Stream Output { get; } = new AnonymousPipeClientStream(PipeDirection.Out, output);

    public Stream Error { get; } = new AnonymousPipeClientStream(PipeDirection.Out, error);

    public async ValueTask DisposeAsync()
    {
        await Input.DisposeAsync();
        await Output.DisposeAsync();
        await Error.DisposeAsync();
    }
}
