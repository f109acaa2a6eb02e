using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Countersign.Server.Enforcement;
using Countersign.Server.People;

namespace Countersign.Server.Web;

/// <summary>
/// <c>/events</c>: tells an open page that one of the person's requests has changed. It says only which one and its state;
/// the page fetches what it shows anew, so that there is one place that says it.
/// </summary>
internal static class RequestEvents
{
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(20); // below the idle limit of common proxies

    public static IResult Stream(HttpContext context)
    {
        if (context.GetSession() is not { SecondFactorPassed: true } session)
        {
            return Results.Unauthorized();
        }

        context.Response.Headers["X-Accel-Buffering"] = "no"; // nginx would keep events back until its buffer is full
        var services = context.RequestServices;
        return TypedResults.ServerSentEvents(Follow(
            session,
            services.GetRequiredService<ChallengeReader>(),
            services.GetRequiredService<IPeople>(),
            services.GetRequiredService<ISessions>(),
            services.GetRequiredService<TimeProvider>(),
            services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping)); // an open page must not delay the stop; its own end comes with the enumeration
    }

    private static async IAsyncEnumerable<SseItem<string>> Follow(
        Session session, ChallengeReader reader, IPeople people, ISessions sessions, TimeProvider clock, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        await using var changes = reader.WatchAsync(session.Principal.Id, ending.Token).GetAsyncEnumerator(ending.Token);
        using var timer = new PeriodicTimer(Beat, clock);
        var change = changes.MoveNextAsync().AsTask(); // listening starts here, before the page is told to look
        var beat = timer.WaitForNextTickAsync(ending.Token).AsTask();
        try
        {
            yield return new("{}", "ready");
            while (true)
            {
                await Task.WhenAny(change, beat);
                if (ending.IsCancellationRequested)
                {
                    yield break;
                }

                if (change.IsCompleted)
                {
                    if (!await change || !await MayListenAsync(session, people, sessions, ending.Token))
                    {
                        yield break;
                    }

                    var current = changes.Current;
                    yield return new(JsonSerializer.Serialize(new { id = current.Id.Value, state = current.State.Name }), "request");
                    change = changes.MoveNextAsync().AsTask();
                    continue;
                }

                await beat;
                if (!await MayListenAsync(session, people, sessions, ending.Token))
                {
                    yield break;
                }

                yield return new("{}", "beat");
                beat = timer.WaitForNextTickAsync(ending.Token).AsTask();
            }
        }
        finally
        {
            // The enumerator may be disposed only when nothing is waiting on it.
            await ending.CancelAsync();
            await Task.WhenAny(change);
        }
    }

    // Asked without touching the session: a page that is merely open is nobody at work, so it must not keep the session alive.
    private static async Task<bool> MayListenAsync(Session session, IPeople people, ISessions sessions, CancellationToken cancellation) =>
        people.FindPrincipal(session.Principal.Id) is not null
        && (await sessions.ListAsync(session.Principal.Id, cancellation)).Any(live => live.Key == session.Key);
}
