namespace Countersign.Server.Upstreams.SmartHttp;

/// <summary>How long a Git host may be silent, counted only while it is the host's turn: a slow client is not its fault.</summary>
internal sealed class Patience : IDisposable
{
    private readonly CancellationTokenSource silence;
    private readonly CancellationTokenSource either;

    public Patience(TimeProvider clock, CancellationToken cancellation)
    {
        silence = new(Timeout.InfiniteTimeSpan, clock);
        either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, silence.Token);
    }

    /// <summary>Cancelled when the client has gone, or patience has.</summary>
    public CancellationToken Token => either.Token;

    public bool IsOver => silence.IsCancellationRequested;

    public void Begin(int seconds) => silence.CancelAfter(TimeSpan.FromSeconds(seconds));

    public void End() => silence.CancelAfter(Timeout.InfiniteTimeSpan);

    public void Dispose()
    {
        either.Dispose();
        silence.Dispose();
    }
}
