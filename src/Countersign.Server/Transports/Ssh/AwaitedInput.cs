namespace Countersign.Server.Transports.Ssh;

/// <summary>What the client sends; who waits for it, waits for the client.</summary>
internal sealed class AwaitedInput(Stream inner, ClientPatience patience) : ReadOnce
{
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
}
