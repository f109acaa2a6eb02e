namespace Countersign.Server.Transports.Ssh;

/// <summary>One of the client's ends; who waits at it, waits for the client.</summary>
internal sealed class AwaitedStream(Stream inner, ClientPatience patience) : ReadOnce
{
    public override bool CanRead => inner.CanRead;

    public override bool CanWrite => inner.CanWrite;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = 0;
        patience.Enter();
        try
        {
            return count = await inner.ReadAsync(buffer, cancellationToken);
        }
        finally
        {
            patience.Leave(count > 0);
        }
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var moved = false;
        patience.Enter();
        try
        {
            await inner.WriteAsync(buffer, cancellationToken);
            moved = true;
        }
        finally
        {
            patience.Leave(moved);
        }
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);
}
