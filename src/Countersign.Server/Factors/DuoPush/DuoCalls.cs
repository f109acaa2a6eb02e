using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text.Json;

namespace Countersign.Server.Factors.DuoPush;

/// <summary>
/// Calls Duo: with its own time, with patience where it asks for some, and not at all while it does not answer. What may have been
/// heard is never said twice: a call is repeated only when Duo has said that it did nothing.
/// </summary>
internal sealed partial class DuoCalls(DuoConnection connection, DuoRequests requests, DuoBreaker breaker, DuoTime time, TimeProvider clock, ILogger<DuoCalls> logger)
{
    /// <summary>As Duo's own clients do: 1, 2, 4 ... 32 s. Whoever is asked to wait longer gives up.</summary>
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(32);

    private const int BadTimestamp = 40105;

    /// <param name="call">What is asked.</param>
    /// <param name="patience">How long one answer may take.</param>
    /// <param name="cancellation">Throws, as it should: nobody wants the answer any more.</param>
    public async Task<DuoAnswer> CallAsync(DuoCall call, TimeSpan patience, CancellationToken cancellation)
    {
        var (pause, measuredAgain) = (TimeSpan.FromSeconds(1), false);
        while (true)
        {
            var answer = await TryAsync(call, patience, cancellation);
            if (answer is DuoAnswer.Refused { Code: BadTimestamp } && !measuredAgain)
            {
                measuredAgain = true;
                time.Forget();
            }
            else if (answer is DuoAnswer.Busy busy)
            {
                var wait = PauseOf(busy.RetryAfter) ?? pause;
                if (wait > LongestPause || pause > LongestPause)
                {
                    return new DuoAnswer.Nothing("too many requests");
                }

                await Task.Delay(wait + TimeSpan.FromMilliseconds(RandomNumberGenerator.GetInt32(1000)), clock, cancellation);
                pause *= 2;
            }
            else
            {
                return answer;
            }
        }
    }

    private async Task<DuoAnswer> TryAsync(DuoCall call, TimeSpan patience, CancellationToken cancellation)
    {
        if (!breaker.TryPass())
        {
            return new DuoAnswer.Nothing("left alone for a while");
        }

        var now = time.Now;
        if (now is null)
        {
            var asked = clock.GetUtcNow();
            var pong = await SendAsync(requests.Ping(), patience, cancellation);
            if (pong is not DuoAnswer.Ok { Response: var response } || !response.TryGetProperty("time", out var member)
                || member.ValueKind != JsonValueKind.Number || !member.TryGetInt64(out var seconds) || seconds is < 0 or > 253402300799)
            {
                return Note(call, pong is DuoAnswer.Ok ? new DuoAnswer.Wrong("no time") : pong);
            }

            time.Set(asked, DateTimeOffset.FromUnixTimeSeconds(seconds));
            now = time.Now ?? clock.GetUtcNow();
        }

        return Note(call, await SendAsync(requests.Make(call, now.Value), patience, cancellation));
    }

    private async Task<DuoAnswer> SendAsync(HttpRequestMessage request, TimeSpan patience, CancellationToken cancellation)
    {
        using (request)
        {
            using var timed = new CancellationTokenSource(patience, clock);
            await using var ending = cancellation.UnsafeRegister(static timed => ((CancellationTokenSource)timed!).Cancel(), timed);
            var answer = await connection.SendAsync(request, timed.Token);
            cancellation.ThrowIfCancellationRequested();
            return answer;
        }
    }

    private DuoAnswer Note(DuoCall call, DuoAnswer answer)
    {
        switch (answer)
        {
            case DuoAnswer.Nothing nothing:
                breaker.Failed();
                NoAnswer(call.Path, nothing.Why);
                break;
            case DuoAnswer.Wrong wrong:
                breaker.Failed();
                WrongAnswer(call.Path, wrong.Why);
                break;
            case DuoAnswer.Refused refused:
                breaker.Worked();
                RefusedCall(call.Path, refused.Code, refused.Message);
                break;
            default:
                breaker.Worked();
                break;
        }

        return answer;
    }

    /// <summary>Seconds or a date; a date that is over asks for no wait.</summary>
    private TimeSpan? PauseOf(RetryConditionHeaderValue? header) => header switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } when date - (time.Now ?? clock.GetUtcNow()) is var left => left > TimeSpan.Zero ? left : TimeSpan.Zero,
        _ => null,
    };

    [LoggerMessage(6201, LogLevel.Warning, "Duo did not answer {Path}: {Why}")]
    private partial void NoAnswer(string path, string why);

    [LoggerMessage(6202, LogLevel.Warning, "Duo's answer to {Path} is none that Duo gives: {Why}")]
    private partial void WrongAnswer(string path, string why);

    [LoggerMessage(6203, LogLevel.Warning, "Duo refused {Path}: {Code} {Message}")]
    private partial void RefusedCall(string path, int code, string message);
}
