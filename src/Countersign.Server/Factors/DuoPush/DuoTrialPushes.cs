using System.Globalization;
using Countersign.Core.Challenges;
using Countersign.Core.Identities;
using Countersign.Server.Audit;
using Countersign.Server.Enforcement;
using Countersign.Server.People;
using Countersign.Server.Storage.Sqlite;
using Microsoft.Extensions.Options;

namespace Countersign.Server.Factors.DuoPush;

/// <summary>
/// Sends the push by which somebody shows that a device is theirs, and hears the answer. It rings a phone like any other push: it is
/// recorded before it goes out, and counts against the same limits.
/// </summary>
internal sealed partial class DuoTrialPushes(
    DuoPushes pushes, DuoTransactions transactions, DuoTrialReports reports, Ledger ledger, AuditTrail audit, IOptions<HoldOptions> limits, GatewayOptions gateway, TimeProvider clock,
    ILogger<DuoTrialPushes> logger) : IDisposable
{
    private readonly CancellationTokenSource stopping = new();

    /// <returns>Null when it is on its way, or was.</returns>
    public async Task<Refusal?> SendAsync(DuoTrial trial, DuoDevice device, Principal principal, ClientAddress from)
    {
        if (!trial.TryBegin(device))
        {
            return null;
        }

        try
        {
            if (await TakePlaceAsync(trial, device, principal, from) is { } wait)
            {
                var text = string.Create(CultureInfo.InvariantCulture, $"You were asked too often. Wait {Math.Ceiling(wait.TotalSeconds):0} s, then send the push again.");
                trial.Fail(text);
                return new("duo_limited", text, wait);
            }

            // Not by the request's own cancellation: whoever leaves the page has a push on the phone all the same.
            var (push, why) = await pushes.SendAsync(
                trial.Offer.UserName, from, new(device.Id, device.Name, OrAnother: false), DuoPushInfo.ForTest(principal.Name, gateway.Url), stopping.Token);
            if (push is null)
            {
                trial.Fail($"{why}.");
                return why == DuoPushes.DeviceGone
                    ? new("duo_device_gone", $"{why}. Begin again, and choose one of those that it offers now.")
                    : new("duo_unavailable", $"{why}. Try again.");
            }

            if (!await transactions.ClaimAsync(push.Txid))
            {
                trial.Fail($"{DuoAuthApi.NotUnderstood}.");
                return new("duo_unavailable", $"{DuoAuthApi.NotUnderstood}. Try again.");
            }

            _ = WaitAsync(trial, principal, push, from);
            return null;
        }
        catch
        {
            trial.Fail("The push could not be sent.");
            throw;
        }
    }

    public void Dispose()
    {
        stopping.Cancel();
        stopping.Dispose();
    }

    /// <summary>How long to wait; null when the push may go out: then it is recorded, in the one write that counts it.</summary>
    private async Task<TimeSpan?> TakePlaceAsync(DuoTrial trial, DuoDevice device, Principal principal, ClientAddress from)
    {
        var now = clock.GetUtcNow();
        var record = audit.Event(
            AuditTypes.FactorPrompted, principal.Name,
            ("person_id", principal.Id.ToString()), ("factor", nameof(FactorKind.DuoPush)), ("session", trial.Session), ("client", from.ToString()), ("device", device.Id));
        var (wait, isNews) = await ledger.WriteAsync(transaction =>
        {
            if (PromptLimits.Left(transaction, principal.Id, limits.Value, now) is { } left)
            {
                return (left, PromptLimits.Record(transaction, principal.Id, principal.Name, left, now, ("session", trial.Session), ("client", from.ToString())));
            }

            PromptLimits.Count(transaction, principal.Id, now);
            transaction.Append(record);
            return ((TimeSpan?)null, false);
        });
        if (isNews)
        {
            await reports.LimitedAsync(principal.Id, from);
        }

        return wait;
    }

    /// <summary>What an answer leads to is done before anybody sees it.</summary>
    private async Task WaitAsync(DuoTrial trial, Principal principal, DuoPushed push, ClientAddress from)
    {
        try
        {
            var outcome = await pushes.WaitAsync(push, code =>
            {
                trial.Code = code;
                return Task.CompletedTask;
            }, stopping.Token);
            if (outcome.Verdict is DuoVerdict.Declined or DuoVerdict.Fraud)
            {
                await reports.DeniedAsync(trial, principal, push, from, reported: outcome.Verdict is DuoVerdict.Fraud);
            }

            trial.End(push, outcome);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The gateway stops.
        }
        catch (Exception exception)
        {
            trial.Fail("The answer could not be recorded, so it does not count. Try again.");
            NotRecorded(exception, principal.Name);
        }
    }

    [LoggerMessage(6204, LogLevel.Error, "What {Person} answered to the push for a new device could not be carried out")]
    private partial void NotRecorded(Exception exception, string person);
}
