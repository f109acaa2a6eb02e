using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.Options;

namespace Countersign.Server.Mail;

/// <summary>
/// Sends what is in the outbox: woken by each new mail, one after the other over a connection that is kept while there is something
/// to send and a little longer. A mail that the server says nothing to holds the others up for two seconds: then the next goes over
/// a connection of its own. What fails is tried again, later and later, until it is worth nothing any more.
/// </summary>
internal sealed partial class MailSender(
    Outbox outbox, MailReceipts receipts, GatewayOptions gateway, IOptions<MailOptions> options, TimeProvider clock, ILogger<MailSender> logger) : BackgroundService
{
    public static readonly TimeSpan Idle = TimeSpan.FromSeconds(15);
    public static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(10);

    /// <summary>After so long without an answer the next mail goes beside.</summary>
    public static readonly TimeSpan Slow = TimeSpan.FromSeconds(2);

    /// <summary>Connections; and so many mails in a row without any answer, and the server is left alone for a while.</summary>
    public const int MostAtOnce = 4;

    /// <summary>What somebody who waits for their mail hears of a server that is away.</summary>
    public const string Unreachable = "the mail server cannot be reached";

    public const string NotTaken = "the mail server did not take the mail";

    public const string Refused = "the mail server refuses mail to your address";

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan FirstRest = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestRest = TimeSpan.FromMinutes(1);
    private const int Batch = MostAtOnce + 6;

    private readonly List<MailLane> free = [.. Enumerable.Range(0, MostAtOnce).Select(_ => new MailLane(options.Value, gateway.Url.IdnHost, clock))];
    private readonly List<Flight> flights = [];
    private readonly Queue<Func<Task>> unwritten = new();
    private Task? news;
    private int rests;
    private int silences;
    private DateTimeOffset restsUntil = DateTimeOffset.MinValue;
    private DateTimeOffset aloneUntil = DateTimeOffset.MinValue;

    /// <summary>Opens a connection, to see that it can be done; null when it can. Sends nothing.</summary>
    public async Task<string?> CheckAsync(CancellationToken cancellation)
    {
        using var patience = new MailPatience(MailLane.Patience, clock, cancellation);
        try
        {
            await using var tried = await SmtpConnection.OpenAsync(options.Value, gateway.Url.IdnHost, patience.Token);
            await tried.QuitAsync(patience.Token);
            return null;
        }
        catch (Exception failure) when (MailLane.IsExpected(failure) && !cancellation.IsCancellationRequested)
        {
            return MailLane.Words(failure);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!outbox.IsOpen)
        {
            return;
        }

        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                await WaitAsync(await TryWorkAsync(stoppingToken), stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The gateway stops; what waits is sent after its next start.
        }
        finally
        {
            await Task.WhenAll(flights.Select(Task (Flight flight) => flight.Outcome)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            free.AddRange(flights.Select(flight => flight.Lane));
            await HangUpAsync(CancellationToken.None);
        }
    }

    /// <summary>Until something is new, answered, due, or the connections have idled long enough.</summary>
    private async Task WaitAsync(DateTimeOffset? due, CancellationToken stopping)
    {
        var (pause, closes) = (due - clock.GetUtcNow(), false);
        if (flights.Count == 0 && free.Exists(lane => lane.IsOpen) && (pause is null || pause > Idle))
        {
            (pause, closes) = (Idle, true);
        }

        news = news is { IsCompleted: false } ? news : outbox.News.WaitToReadAsync(stopping).AsTask(); // one wait, however often it is looked at
        var woken = Task.WhenAny([news, .. flights.Select(flight => flight.Outcome)]);
        try
        {
            await (pause is { } bounded ? woken.WaitAsync(bounded < TimeSpan.Zero ? TimeSpan.Zero : bounded, clock, stopping) : woken.WaitAsync(stopping));
        }
        catch (TimeoutException)
        {
            if (closes)
            {
                await HangUpAsync(stopping);
            }
        }

        outbox.News.TryRead(out _);
    }

    /// <returns>When to look again; null when only something new or answered is a reason to.</returns>
    private async Task<DateTimeOffset?> TryWorkAsync(CancellationToken stopping)
    {
        try
        {
            while (flights.Find(flight => flight.Outcome.IsCompleted) is { } landed)
            {
                flights.Remove(landed);
                free.Add(landed.Lane);
                unwritten.Enqueue(Settle(landed.Mail, await landed.Outcome));
            }

            // Before anything else is sent: what is sent and not written down would be sent again and again.
            while (unwritten.TryPeek(out var write))
            {
                await write();
                unwritten.Dequeue();
            }

            return await StartDueAsync(stopping);
        }
        catch (Exception failure) when (failure is not OperationCanceledException || !stopping.IsCancellationRequested)
        {
            Log.Failed(logger, failure); // the ledger, most likely: it is looked at again
            return clock.GetUtcNow() + FirstPause;
        }
    }

    private async Task<DateTimeOffset?> StartDueAsync(CancellationToken stopping)
    {
        while (outbox.Due(Batch).FirstOrDefault(mail => !flights.Exists(flight => flight.Mail.Id == mail.Id)) is { } mail)
        {
            if (await RejectAsync(mail))
            {
                continue;
            }

            if (free.Count == 0)
            {
                return null;
            }

            var now = clock.GetUtcNow();
            if (StartsAt() is var at && at > now)
            {
                if (restsUntil > now)
                {
                    receipts.TellAll(Unreachable);
                }

                return at;
            }

            await StartAsync(mail, now, stopping);
        }

        return outbox.NextDue([.. flights.Select(flight => flight.Mail.Id)]) is { } next ? Min(next, clock.GetUtcNow() + LongestPause) : null;
    }

    /// <summary>Beside others only once they are slow, so that mails arrive in their order as a rule.</summary>
    private DateTimeOffset StartsAt() => flights.Count == 0 ? restsUntil : Max(Max(restsUntil, aloneUntil), flights[^1].Since + Slow);

    /// <summary>Takes out what needs no sending; true when it did.</summary>
    private async Task<bool> RejectAsync(WaitingMail mail)
    {
        if (!outbox.IsWanted(mail))
        {
            await outbox.RemoveAsync(mail);
            return true;
        }

        if (mail.Expires <= clock.GetUtcNow())
        {
            receipts.Tell(mail.Id, NotTaken);
            await outbox.DropAsync(mail, "too late");
            return true;
        }

        return false;
    }

    private async Task StartAsync(WaitingMail mail, DateTimeOffset now, CancellationToken stopping)
    {
        (string To, byte[] Message) content;
        try
        {
            content = outbox.Open(mail);
        }
        catch (Exception failure) when (failure is CryptographicException or JsonException)
        {
            receipts.Tell(mail.Id, NotTaken);
            await outbox.DropAsync(mail, "unreadable");
            return;
        }

        var lane = free.Find(lane => lane.IsOpen) ?? free[0];
        free.Remove(lane);
        flights.Add(new(mail, lane, now, lane.SendAsync(Sender, content.To, content.Message, stopping)));
    }

    /// <returns>What is to be written down of it.</returns>
    private Func<Task> Settle(WaitingMail mail, MailOutcome outcome)
    {
        if (!outcome.HasServer)
        {
            if (flights.Count == 0)
            {
                Rest(outcome.Why);
            }
            else
            {
                aloneUntil = clock.GetUtcNow() + LongestRest; // it takes no more connections than it has
            }

            return static () => Task.CompletedTask; // the mail was not tried
        }

        if (outcome.Verdict is not null)
        {
            (silences, rests) = (0, 0);
        }
        else if (++silences >= MostAtOnce)
        {
            Rest(outcome.Why);
        }

        receipts.Tell(mail.Id, outcome.Verdict switch
        {
            { IsDone: true } => null,
            { IsFinal: true } => Refused,
            _ => NotTaken,
        });
        return outcome.Verdict switch
        {
            { IsDone: true } => () => outbox.RemoveAsync(mail),
            { IsFinal: true } refused => () => outbox.DropAsync(mail, $"refused: {refused.Code}"),
            _ => () => PostponeAsync(mail, outcome.Why),
        };
    }

    private Task PostponeAsync(WaitingMail mail, string why)
    {
        Log.Postponed(logger, mail.Id, mail.Attempts + 1, why);
        return outbox.PostponeAsync(mail, clock.GetUtcNow() + Grown(FirstPause, mail.Attempts, LongestPause), why);
    }

    /// <summary>The server itself is not to be had.</summary>
    private void Rest(string why)
    {
        restsUntil = clock.GetUtcNow() + Grown(FirstRest, rests++, LongestRest);
        Log.NoServer(logger, options.Value.Host!, why);
        receipts.TellAll(Unreachable);
    }

    private async Task HangUpAsync(CancellationToken stopping)
    {
        foreach (var lane in free)
        {
            await lane.HangUpAsync(stopping);
        }
    }

    private string Sender => Mailbox.TryParse(options.Value.From, out var from) ? from.Address : throw new InvalidOperationException("Mail:From was checked at the start.");

    private static TimeSpan Grown(TimeSpan first, int times, TimeSpan longest) => first * Math.Pow(2, Math.Min(times, 10)) is var grown && grown < longest ? grown : longest;

    private static DateTimeOffset Min(DateTimeOffset left, DateTimeOffset right) => left < right ? left : right;

    private static DateTimeOffset Max(DateTimeOffset left, DateTimeOffset right) => left > right ? left : right;

    /// <summary>A mail on its way.</summary>
    private sealed record Flight(WaitingMail Mail, MailLane Lane, DateTimeOffset Since, Task<MailOutcome> Outcome);

    private static partial class Log
    {
        [LoggerMessage(EventId = 8001, Level = LogLevel.Warning, Message = "The mail server {Host} cannot be used: {Why}. It is tried again")]
        public static partial void NoServer(ILogger logger, string host, string why);

        [LoggerMessage(EventId = 8002, Level = LogLevel.Information, Message = "Mail {Id} was not taken at attempt {Attempt}: {Why}. It is tried again")]
        public static partial void Postponed(ILogger logger, long id, int attempt, string why);

        [LoggerMessage(EventId = 8003, Level = LogLevel.Error, Message = "The outbox cannot be worked on; it is tried again")]
        public static partial void Failed(ILogger logger, Exception exception);
    }
}
