using System.Globalization;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.Options;

namespace Countersign.Server.Mail;

/// <summary>
/// Sends what is in the outbox: woken by each new mail, over one connection that is kept while there is something to send and a
/// little longer. What fails is tried again, later and later, until it is worth nothing any more.
/// </summary>
internal sealed partial class MailSender(
    Outbox outbox, GatewayOptions gateway, IOptions<MailOptions> options, TimeProvider clock, ILogger<MailSender> logger) : BackgroundService
{
    public static readonly TimeSpan Idle = TimeSpan.FromSeconds(15);
    public static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestHostPause = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private const int Batch = 50;
    private const int MostOnOneConnection = 100;

    private SmtpConnection? connection;
    private int hostFailures;
    private DateTimeOffset hostRestsUntil = DateTimeOffset.MinValue;

    /// <summary>Why the mail server could not be used when it was last tried; null when it could.</summary>
    public string? HostTrouble { get; private set; }

    /// <summary>Opens a connection, to see that it can be done; null when it can. Sends nothing.</summary>
    public async Task<string?> CheckAsync(CancellationToken cancellation)
    {
        using var patience = new CancellationTokenSource(Patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellation);
        try
        {
            await using var tried = await SmtpConnection.OpenAsync(options.Value, gateway.Url.IdnHost, either.Token);
            await tried.QuitAsync(either.Token);
            return null;
        }
        catch (Exception failure) when (IsExpected(failure) && !cancellation.IsCancellationRequested)
        {
            return Words(failure);
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
                await WaitAsync(await TrySendDueAsync(stoppingToken), stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The gateway stops; what waits is sent after its next start.
        }
        finally
        {
            await HangUpAsync(CancellationToken.None);
        }
    }

    /// <summary>Until something is new, due, or the connection has idled long enough.</summary>
    private async Task WaitAsync(DateTimeOffset? due, CancellationToken stopping)
    {
        var now = clock.GetUtcNow();
        var (pause, closes) = (due - now, false);
        if (connection is not null && (pause is null || pause > Idle))
        {
            (pause, closes) = (Idle, true);
        }

        try
        {
            var woken = outbox.News.WaitToReadAsync(stopping).AsTask();
            await (pause is { } bounded ? woken.WaitAsync(bounded < TimeSpan.Zero ? TimeSpan.Zero : bounded, clock, stopping) : woken);
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

    /// <returns>When to look again; null when only something new is a reason to.</returns>
    private async Task<DateTimeOffset?> TrySendDueAsync(CancellationToken stopping)
    {
        try
        {
            return await SendDueAsync(stopping);
        }
        catch (Exception failure) when (failure is not OperationCanceledException || !stopping.IsCancellationRequested)
        {
            Log.Failed(logger, failure); // the ledger, most likely: it is looked at again
            await HangUpAsync(stopping);
            return clock.GetUtcNow() + FirstPause;
        }
    }

    private async Task<DateTimeOffset?> SendDueAsync(CancellationToken stopping)
    {
        while (outbox.Due(Batch) is { Count: > 0 } due)
        {
            foreach (var mail in due)
            {
                if (await RejectAsync(mail))
                {
                    continue;
                }

                if (hostRestsUntil > clock.GetUtcNow())
                {
                    return hostRestsUntil; // whatever is due: the server itself is not to be had
                }

                await SendAsync(mail, stopping);
            }
        }

        return outbox.NextDue() is { } next ? Min(next, clock.GetUtcNow() + LongestPause) : null;
    }

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
            await outbox.DropAsync(mail, "too late");
            return true;
        }

        return false;
    }

    private async Task SendAsync(WaitingMail mail, CancellationToken stopping)
    {
        (string To, byte[] Message) content;
        try
        {
            content = outbox.Open(mail);
        }
        catch (Exception failure) when (failure is CryptographicException or JsonException)
        {
            await outbox.DropAsync(mail, "unreadable");
            return;
        }

        if (!await ConnectAsync(stopping))
        {
            return;
        }

        SmtpReply? verdict = null;
        string why;
        using (var patience = Bound(stopping))
        {
            try
            {
                verdict = await connection!.SendAsync(Sender, content.To, content.Message, patience.Token);
                why = verdict.ToString();
            }
            catch (Exception failure) when (IsExpected(failure) && !stopping.IsCancellationRequested)
            {
                why = Words(failure);
            }
        }

        if (verdict is null || connection!.Sent >= MostOnOneConnection)
        {
            await HangUpAsync(stopping, politely: verdict is not null);
        }

        await (verdict switch
        {
            { IsDone: true } => outbox.RemoveAsync(mail),
            { IsFinal: true } => outbox.DropAsync(mail, $"refused: {verdict.Code}"),
            _ => PostponeAsync(mail, why),
        });
    }

    private Task PostponeAsync(WaitingMail mail, string why)
    {
        Log.Postponed(logger, mail.Id, mail.Attempts + 1, why);
        return outbox.PostponeAsync(mail, clock.GetUtcNow() + Grown(FirstPause, mail.Attempts, LongestPause), why);
    }

    /// <summary>A living connection; false when there is none to be had, and the server is left alone for a while.</summary>
    private async Task<bool> ConnectAsync(CancellationToken stopping)
    {
        using var patience = Bound(stopping);
        try
        {
            if (connection is { Sent: > 0 } && !await connection.IsAliveAsync(patience.Token))
            {
                await HangUpAsync(stopping, politely: false);
            }

            connection ??= await SmtpConnection.OpenAsync(options.Value, gateway.Url.IdnHost, patience.Token);
            (hostFailures, HostTrouble) = (0, null);
            return true;
        }
        catch (Exception failure) when (IsExpected(failure) && !stopping.IsCancellationRequested)
        {
            HostTrouble = Words(failure);
            hostRestsUntil = clock.GetUtcNow() + Grown(TimeSpan.FromSeconds(5), hostFailures++, LongestHostPause);
            Log.NoServer(logger, options.Value.Host!, HostTrouble);
            await HangUpAsync(stopping, politely: false);
            return false;
        }
    }

    private async Task HangUpAsync(CancellationToken stopping, bool politely = true)
    {
        if (connection is not { } open)
        {
            return;
        }

        connection = null;
        await using (open)
        {
            if (politely && !stopping.IsCancellationRequested)
            {
                using var patience = Bound(stopping);
                await open.QuitAsync(patience.Token);
            }
        }
    }

    private string Sender => Mailbox.TryParse(options.Value.From, out var from) ? from.Address : throw new InvalidOperationException("Mail:From was checked at the start.");

    /// <summary>By time, or because the gateway stops.</summary>
    private Bounded Bound(CancellationToken stopping) => new(clock, Patience, stopping);

    private static TimeSpan Grown(TimeSpan first, int times, TimeSpan longest) => first * Math.Pow(2, Math.Min(times, 10)) is var grown && grown < longest ? grown : longest;

    private static DateTimeOffset Min(DateTimeOffset left, DateTimeOffset right) => left < right ? left : right;

    private static bool IsExpected(Exception failure) =>
        failure is SmtpException or IOException or SocketException or AuthenticationException or OperationCanceledException or CryptographicException or UnauthorizedAccessException;

    private static string Words(Exception failure) => failure switch
    {
        OperationCanceledException => string.Create(CultureInfo.InvariantCulture, $"no answer within {Patience.TotalSeconds:0} s"),
        SmtpException or AuthenticationException or SocketException or IOException => failure.Message,
        _ => failure.GetType().Name,
    };

    private sealed class Bounded(TimeProvider clock, TimeSpan patience, CancellationToken stopping) : IDisposable
    {
        private readonly CancellationTokenSource time = new(patience, clock);
        private CancellationTokenSource? either;

        public CancellationToken Token => (either ??= CancellationTokenSource.CreateLinkedTokenSource(time.Token, stopping)).Token;

        public void Dispose()
        {
            either?.Dispose();
            time.Dispose();
        }
    }

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
