using Countersign.Server.Storage.Sqlite;

namespace Countersign.Server.Audit;

/// <summary>
/// Has the log signed at start, at a clean stop, every <see cref="MaxUnsigned"/> records, and <see cref="MaxWait"/> after a
/// record that is not signed yet. Nothing runs while nothing is recorded.
/// </summary>
internal sealed partial class Checkpointer : IHostedService, IAsyncDisposable
{
    /// <summary>Records.</summary>
    public const int MaxUnsigned = 1000;
    public static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(10);

    private readonly Ledger ledger;
    private readonly CheckpointSigner signer;
    private readonly ILogger<Checkpointer> logger;
    private readonly ITimer timer;
    private long lastAsked;
    private int armed;

    public Checkpointer(Ledger ledger, CheckpointSigner signer, TimeProvider clock, ILogger<Checkpointer> logger)
    {
        (this.ledger, this.signer, this.logger) = (ledger, signer, logger);
        timer = clock.CreateTimer(_ => OnTime(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        ledger.Appended += OnAppended;
        return SignAsync();
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        ledger.Appended -= OnAppended;
        await timer.DisposeAsync();
        await SignAsync();
    }

    public ValueTask DisposeAsync() => timer.DisposeAsync();

    /// <summary>On the writer thread: only notes what is to be done.</summary>
    private void OnAppended(long size)
    {
        if (size - lastAsked >= MaxUnsigned)
        {
            lastAsked = size;
            _ = Task.Run(SignAsync);
        }
        else
        {
            Arm();
        }
    }

    private void Arm()
    {
        if (Interlocked.Exchange(ref armed, 1) == 0)
        {
            timer.Change(MaxWait, Timeout.InfiniteTimeSpan);
        }
    }

    private void OnTime()
    {
        Volatile.Write(ref armed, 0);
        _ = Task.Run(SignAsync);
    }

    private async Task SignAsync()
    {
        try
        {
            await signer.SignAsync();
        }
        catch (Exception e) when (e is LedgerUnavailableException or BrokenSealException or ObjectDisposedException)
        {
            Log.NotSigned(logger, e.Message);
            Arm();
        }
    }

    private static partial class Log
    {
        [LoggerMessage(2201, LogLevel.Error, "The audit log could not be signed and will be tried again: {Cause}")]
        public static partial void NotSigned(ILogger logger, string cause);
    }
}
