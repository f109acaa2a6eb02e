using Countersign.Core.Challenges;
using Countersign.Server.Enforcement;
using Microsoft.Extensions.Options;

namespace Countersign.Server.Factors.DuoPush;

/// <summary>
/// After a start, hears what is said on phones about pushes of before. Only "this wasn't me" counts: what they asked about is
/// asked anew where the command is run again. And carries out what was reported about new devices and could not be carried out then.
/// </summary>
internal sealed partial class DuoListener(
    DuoTransactions transactions, DuoPushes pushes, ChallengeReader requests, Approvals approvals, DuoTrialReports reports, IOptions<DuoPushOptions> options,
    TimeProvider clock, ILogger<DuoListener> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            var listening = transactions.Out(TimeSpan.FromSeconds(options.Value.PushSeconds)).Select(sent => ListenAsync(sent.Challenge, sent.Push, stoppingToken)).ToArray();
            using var timer = new PeriodicTimer(Interval, clock);
            do
            {
                await TryAsync(() => reports.CarryOutLeftAsync());
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
            await Task.WhenAll(listening);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The gateway stops.
        }
    }

    private Task ListenAsync(ChallengeId id, DuoPushed push, CancellationToken stopping) => TryAsync(async () =>
    {
        var outcome = await pushes.WaitAsync(push, static _ => Task.CompletedTask, stopping);
        if (outcome.Verdict is DuoVerdict.Fraud && requests.Find(id) is { } challenge)
        {
            await approvals.AnswerAsync(challenge.PrincipalId, id, FactorKind.DuoPush, DuoPrompt.Reported(push));
        }
    });

    private async Task TryAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            Failed(logger, exception);
        }
    }

    [LoggerMessage(6205, LogLevel.Error, "What was said on a phone could not be carried out; it is tried again")]
    private static partial void Failed(ILogger logger, Exception exception);
}
