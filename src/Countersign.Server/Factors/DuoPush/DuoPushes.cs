using Countersign.Core.Identities;
using Microsoft.Extensions.Options;

namespace Countersign.Server.Factors.DuoPush;

/// <summary>A push that is on its way.</summary>
/// <param name="Txid">Duo's key of it.</param>
/// <param name="DeviceId">Where to, by Duo's key.</param>
/// <param name="Device">The same for people.</param>
/// <param name="Code">Null for one that takes a tap. Else it is a Verified Push, and this the number to type in Duo Mobile; "" while that is not known.</param>
internal sealed record DuoPushed(string Txid, string DeviceId, string Device, string? Code);

/// <summary>Where a push is to go.</summary>
/// <param name="Device">By Duo's key; null for the first that takes a push.</param>
/// <param name="Name">What the person calls it.</param>
/// <param name="OrAnother">Where it is gone, the first that takes a push does as well. Not where the push is to show whose the device is.</param>
internal readonly record struct DuoTarget(string? Device, string Name, bool OrAnother = true);

/// <summary>What came of a push.</summary>
/// <param name="Verdict">Waiting where it cannot be told any more.</param>
/// <param name="CodeTyped">It was a Verified Push, and whoever approved it has typed the number that we showed.</param>
/// <param name="Why">In a few words, where nobody has decided.</param>
internal sealed record DuoOutcome(DuoVerdict Verdict, bool CodeTyped = false, string Why = "");

/// <summary>Sends pushes, and waits for them without a thread.</summary>
internal sealed class DuoPushes(DuoAuthApi api, IOptions<DuoPushOptions> options, TimeProvider clock)
{
    public const string DeviceGone = "Duo does not send pushes to that device any more";

    public const string NotEnrolled = "you are not enrolled at Duo";

    /// <summary>As Duo's own login_duo: each answer comes when something has happened, so more of them is no Duo.</summary>
    private const int MostPolls = 20;

    /// <summary>A cut connection is no answer. The push goes on, so it is asked about again.</summary>
    private const int MostFailures = 3;

    /// <param name="userName">The account at Duo.</param>
    /// <param name="client">Where the command comes from.</param>
    /// <param name="target">Where to.</param>
    /// <param name="message">What the phone shows.</param>
    /// <param name="cancellation">Gives up before it is sent; what is being sent is sent.</param>
    public async Task<DuoResult<DuoPushed>> SendAsync(
        string userName, ClientAddress client, DuoTarget target, DuoMessage message, CancellationToken cancellation)
    {
        var (preauth, why) = await api.PreauthAsync(userName, client, cancellation);
        if (preauth is not DuoPreauth.Ask ask)
        {
            return preauth switch
            {
                null => why,
                DuoPreauth.Bypass => "Duo lets you pass without asking, which proves nothing here",
                DuoPreauth.Denied denied => denied.Message.Length > 0 ? $"Duo: {denied.Message}" : "Duo denies you access",
                _ => NotEnrolled,
            };
        }

        var device = ask.Devices.FirstOrDefault(one => one.TakesPush && one.Id == target.Device);
        if (device is null && target is { OrAnother: false })
        {
            return DeviceGone;
        }

        device ??= ask.Devices.FirstOrDefault(one => one.TakesPush);
        if (device is null)
        {
            return "Duo knows no device of yours that takes a push";
        }

        // From here on a phone may ring, and what is answered there must be heard, whoever has gone meanwhile.
        cancellation.ThrowIfCancellationRequested();
        var (txid, whyNot) = await api.PushAsync(userName, client, device.Id, ask.VerifiedTxid, message, CancellationToken.None);
        return txid is null
            ? whyNot
            : new DuoPushed(txid, device.Id, device.Id == target.Device ? target.Name : device.Name, ask.VerifiedTxid is null ? null : ask.Code ?? "");
    }

    /// <param name="push">What was sent, in this life of the gateway or the one before.</param>
    /// <param name="showCode">Called once, with the number to type, as soon as it is known.</param>
    /// <param name="cancellation">Throws: nobody wants to know any more.</param>
    public async Task<DuoOutcome> WaitAsync(DuoPushed push, Func<string, Task> showCode, CancellationToken cancellation)
    {
        using var timed = new CancellationTokenSource(TimeSpan.FromSeconds(options.Value.PushSeconds), clock);
        await using var ending = cancellation.UnsafeRegister(static timed => ((CancellationTokenSource)timed!).Cancel(), timed);
        try
        {
            return await PollAsync(push, showCode, timed.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new(DuoVerdict.TimedOut);
        }
    }

    private async Task<DuoOutcome> PollAsync(DuoPushed push, Func<string, Task> showCode, CancellationToken cancellation)
    {
        var shown = push.Code is { Length: > 0 };
        if (shown)
        {
            await showCode(push.Code!);
        }

        var failures = 0;
        for (var poll = 0; poll < MostPolls; poll++)
        {
            var (status, why) = await api.StatusAsync(push.Txid, cancellation);
            if (status is null)
            {
                if (why != DuoAuthApi.NoAnswer || ++failures == MostFailures)
                {
                    return new(DuoVerdict.Waiting, Why: why);
                }

                await Task.Delay(TimeSpan.FromSeconds(failures), clock, cancellation);
                continue;
            }

            failures = 0;
            if (status.Verdict is not DuoVerdict.Waiting)
            {
                return new(status.Verdict, shown && push.Code is not null, status.Message);
            }

            if (push.Code is not null && !shown && DuoText.CodeIn(status.Message) is { } code)
            {
                shown = true;
                await showCode(code);
            }
        }

        return new(DuoVerdict.Waiting, Why: DuoAuthApi.NotUnderstood);
    }
}
