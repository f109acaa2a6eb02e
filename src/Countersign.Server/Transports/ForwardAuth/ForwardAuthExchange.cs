using System.Globalization;
using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Server.Enforcement;
using Countersign.Server.Transports.Https;

namespace Countersign.Server.Transports.ForwardAuth;

/// <summary>
/// A question of a proxy. Nothing can be told while it is held, nothing of the body is seen, and what the Git host answers is
/// not seen either: completed means handed to the proxy.
/// </summary>
internal sealed class ForwardAuthExchange(HttpContext context, CommandRequest request, ExchangePhase phase, HoldOptions holds, RefusalText texts) : IGitExchange
{
    public const string DecisionHeader = "X-Countersign-Decision";

    /// <summary>For hosts that are told by their proxy who it is.</summary>
    public const string PersonHeader = "X-Countersign-Person";

    public CommandRequest Request => request;

    public ExchangePhase Phase => phase;

    public bool HandsOver => true;

    public TimeSpan HoldTime =>
        phase == ExchangePhase.RefList && request.Command.Service == GitService.ReceivePack && holds.PushBeforeRefs == "tell"
            ? TimeSpan.Zero
            : TimeSpan.FromSeconds(holds.HttpsSeconds);

    public TimeSpan? KeepAliveEvery => null;

    public ValueTask TellAsync(Challenge challenge, CancellationToken cancellation) => ValueTask.CompletedTask;

    public ValueTask KeepAliveAsync(CancellationToken cancellation) => ValueTask.CompletedTask;

    public Task<bool> InspectAsync(IUpstream upstream, CancellationToken cancellation) => Task.FromResult(true);

    public void Recorded(long decision)
    {
        context.Response.Headers[DecisionHeader] = decision.ToString(CultureInfo.InvariantCulture);
        context.Response.Headers[PersonHeader] = request.PrincipalName;
    }

    /// <summary>Traefik, Caddy and Envoy pass the text on; nginx has only the status.</summary>
    public Task RefuseAsync(Refused refused, CancellationToken cancellation)
    {
        context.Response.Headers.Remove(DecisionHeader);
        context.Response.Headers.Remove(PersonHeader);
        return GitHttpAnswer.TextAsync(context, StatusCodes.Status403Forbidden, texts.Lines(request, refused));
    }

    /// <summary>The answer is sent by the server when this returns and its completion is recorded.</summary>
    public Task<ForwardOutcome> ForwardAsync(IUpstream upstream, CancellationToken cancellation)
    {
        context.Response.StatusCode = StatusCodes.Status200OK;
        context.Response.Headers.CacheControl = "no-store";
        return Task.FromResult(ForwardOutcome.HandedOver);
    }
}
