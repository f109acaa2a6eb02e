using Countersign.Server.People;

namespace Countersign.Server.Enforcement;

/// <summary>
/// Keeps challenges true to the world around them: overdue ones expire, those of before a restart are released to whoever
/// repeats their command, what was reported is carried out, and when somebody's access ends, so does everything of theirs that waits or runs.
/// </summary>
internal sealed partial class ChallengeKeeper(
    ChallengeRegister register, CommandReports reports, RunningCommands running, AccessEndings endings, TimeProvider clock, ILogger<ChallengeKeeper> logger)
    : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await register.ReleaseHoldsOfBeforeAsync();
        await TryAsync(reports.CarryOutLeftAsync);
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var subscription = endings.Subscribe(ended =>
        {
            _ = EndAsync(ended); // queued before a cancelled command can settle its own challenge as left by its client
            running.End(ended);
        });
        using var timer = new PeriodicTimer(Interval, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await TryAsync(register.ExpireAsync);
                await TryAsync(reports.CarryOutLeftAsync);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The gateway stops.
        }
    }

    private Task EndAsync(AccessEnded ended) => TryAsync(() => register.EndAccessAsync(ended, "system"));

    /// <summary>A failure here opens nothing: overdue challenges read as expired, and every release asks the rules again.</summary>
    private async Task TryAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            Log.Failed(logger, exception);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1010, LogLevel.Error, "Keeping requests for approval up to date failed; it is tried again")]
        public static partial void Failed(ILogger logger, Exception exception);
    }
}
