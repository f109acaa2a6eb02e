using Countersign.Core.Identities;
using Microsoft.Data.Sqlite;

namespace Countersign.Server.Storage.Sqlite;

/// <summary>
/// The durable half of the gateway's memory: challenges, grants, spent codes, throttle counters and the audit log, in
/// <c>ledger.db</c> (SQLite, WAL, <c>synchronous=FULL</c>). One writer thread takes whatever work is waiting, runs it in one
/// transaction and commits once (group commit): when the task of <see cref="WriteAsync{T}"/> completes, the work is on disk.
/// </summary>
internal sealed partial class Ledger : IAsyncDisposable
{
    /// <summary>Bounds how long the first of a group waits for the last.</summary>
    private const int MaxGroup = 1024;

    private readonly WorkQueue queue = new();
    private readonly GroupCommit groups;
    private readonly TaskCompletionSource writerEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ILogger<Ledger> logger;
    private bool available = true;

    private Ledger(LedgerFile file, ReadOnlyMemory<byte> sealKey, ILogger<Ledger> logger)
    {
        this.logger = logger;
        groups = new(file, sealKey, person => GrantsChanged?.Invoke(person));
        Reads = new(file);
        new Thread(RunGroups) { Name = "ledger writer", IsBackground = true }.Start();
    }

    /// <summary>
    /// Told after each commit that put records into the audit log: the log's size. Called on the writer thread: be quick,
    /// do not throw, do not block.
    /// </summary>
    public event Action<long>? Appended;

    /// <summary>Told after a commit that changed grants of a person, before whoever asked for it goes on. The same terms as <see cref="Appended"/>.</summary>
    public event Action<PrincipalId>? GrantsChanged;

    public LedgerReads Reads { get; }

    /// <summary>
    /// Creates or upgrades the file. Throws <see cref="NewerDatabaseException"/>, <see cref="BrokenSealException"/> when the log
    /// was not sealed with this key, and <see cref="LedgerUnavailableException"/> when the file cannot be opened or written.
    /// </summary>
    public static Ledger Open(LedgerFile file, ReadOnlyMemory<byte> sealKey, ILogger<Ledger> logger)
    {
        LedgerSchema.Create(file, sealKey.Span);
        return new(file, sealKey, logger);
    }

    /// <summary>
    /// Runs <paramref name="work"/> alone and durably. Work must be quick, synchronous and free of side effects outside the
    /// transaction: it may be run a second time when a neighbour in the same group failed.
    /// Throws <see cref="LedgerUnavailableException"/> when nothing could be recorded (disk full, read-only, disposed).
    /// </summary>
    public Task<T> WriteAsync<T>(Func<LedgerTransaction, T> work)
    {
        var unit = new UnitOfWork<T>(work);
        if (!queue.TryAdd(unit))
        {
            unit.Fail(new LedgerUnavailableException("The ledger is closed."));
        }

        return unit.Completion;
    }

    /// <summary>Runs a query on a pooled read-only connection.</summary>
    public T Read<T>(Func<SqliteConnection, T> query) => Reads.Read(query);

    /// <summary>Commits what is waiting, then closes the file.</summary>
    public async ValueTask DisposeAsync()
    {
        queue.Close();
        await writerEnded.Task;
    }

    private void RunGroups()
    {
        while (queue.Take(MaxGroup) is { } group)
        {
            var outcome = groups.Run(group);
            Report(outcome.Failure);
            if (outcome.AuditSize is { } size)
            {
                Appended?.Invoke(size);
            }
        }

        // Readers first: the last connection to close empties the WAL into the file, and a reader may not.
        Reads.Dispose();
        groups.Close();
        writerEnded.SetResult();
    }

    private void Report(LedgerUnavailableException? failure)
    {
        if (failure is not null && available)
        {
            Log.Unavailable(logger, failure.Message, failure);
        }
        else if (failure is null && !available)
        {
            Log.Recovered(logger);
        }

        available = failure is null;
    }

    private static partial class Log
    {
        [LoggerMessage(2101, LogLevel.Critical, "The ledger cannot be written, so every command is denied until it can: {Cause}")]
        public static partial void Unavailable(ILogger logger, string cause, Exception exception);

        [LoggerMessage(2102, LogLevel.Information, "The ledger can be written again")]
        public static partial void Recovered(ILogger logger);
    }
}
