using System.Globalization;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;

namespace Countersign.Server.Mail;

/// <summary>What came of sending one mail.</summary>
/// <param name="HasServer">False where there was no connection to be had: then nothing was tried.</param>
/// <param name="Verdict">The server's; null where it gave none.</param>
/// <param name="Why">In words.</param>
internal sealed record MailOutcome(bool HasServer, SmtpReply? Verdict, string Why);

/// <summary>One connection to the mail server, opened when there is something to send and kept while it works. Carries one mail at a time.</summary>
internal sealed class MailLane(MailOptions options, string self, TimeProvider clock)
{
    /// <summary>For opening a connection, and then for a mail.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(2); // nothing depends on it
    private const int MostOnOneConnection = 100;

    private SmtpConnection? connection;

    public bool IsOpen => connection is not null;

    public async Task<MailOutcome> SendAsync(string from, string to, byte[] message, CancellationToken stopping)
    {
        if (await ConnectAsync(stopping) is { } trouble)
        {
            return new(false, null, trouble);
        }

        using var patience = new MailPatience(Patience, clock, stopping);
        try
        {
            var verdict = await connection!.SendAsync(from, to, message, patience.Token);
            if (verdict.Code == SmtpConnection.Closing || connection.Sent >= MostOnOneConnection)
            {
                await HangUpAsync(stopping, politely: verdict.Code != SmtpConnection.Closing);
            }

            return new(true, verdict, verdict.ToString());
        }
        catch (Exception failure) when (IsExpected(failure) && !stopping.IsCancellationRequested)
        {
            await HangUpAsync(stopping, politely: false);
            return new(true, null, Words(failure));
        }
        catch
        {
            await HangUpAsync(stopping, politely: false); // in the middle of a mail
            throw;
        }
    }

    public async Task HangUpAsync(CancellationToken stopping, bool politely = true)
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
                using var patience = new MailPatience(Farewell, clock, stopping);
                await open.QuitAsync(patience.Token);
            }
        }
    }

    /// <summary>What a mail server, the way to it or its certificate can do.</summary>
    public static bool IsExpected(Exception failure) =>
        failure is SmtpException or IOException or SocketException or AuthenticationException or OperationCanceledException or CryptographicException or UnauthorizedAccessException;

    public static string Words(Exception failure) => failure switch
    {
        OperationCanceledException => string.Create(CultureInfo.InvariantCulture, $"no answer within {Patience.TotalSeconds:0} s"),
        SmtpException or AuthenticationException or SocketException or IOException => failure.Message,
        _ => failure.GetType().Name,
    };

    /// <summary>Sees to a living connection; or why there is none to be had.</summary>
    private async Task<string?> ConnectAsync(CancellationToken stopping)
    {
        using var patience = new MailPatience(Patience, clock, stopping);
        try
        {
            if (connection is { Sent: > 0 } && !await connection.IsAliveAsync(patience.Token))
            {
                await HangUpAsync(stopping, politely: false);
            }

            connection ??= await SmtpConnection.OpenAsync(options, self, patience.Token);
            return null;
        }
        catch (Exception failure) when (IsExpected(failure) && !stopping.IsCancellationRequested)
        {
            await HangUpAsync(stopping, politely: false);
            return Words(failure);
        }
    }
}

/// <summary>Ends waiting by time, or because the gateway stops.</summary>
internal sealed class MailPatience : IDisposable
{
    private readonly CancellationTokenSource time;
    private readonly CancellationTokenSource either;

    public MailPatience(TimeSpan patience, TimeProvider clock, CancellationToken stopping)
    {
        time = new(patience, clock);
        either = CancellationTokenSource.CreateLinkedTokenSource(time.Token, stopping);
    }

    public CancellationToken Token => either.Token;

    public void Dispose()
    {
        either.Dispose();
        time.Dispose();
    }
}
