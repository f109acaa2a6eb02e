using Countersign.Core.Challenges;
using Countersign.Core.Policies;
using Countersign.Server.Enforcement;

namespace Countersign.Server.Transports.Https.LargeFiles;

/// <summary>
/// One Git LFS request before the enforcement point. Nothing can be shown while it is held, and Git LFS gives up on silence: so it
/// is held for less than that, and told to run the command again, which then joins the same request for approval.
/// </summary>
/// <param name="context">The request.</param>
/// <param name="request">Who asks for what.</param>
/// <param name="terms">What all these exchanges share.</param>
/// <param name="forward">What to do once it is allowed; answers the client.</param>
internal sealed class LfsExchange(HttpContext context, CommandRequest request, LfsTerms terms, Func<CancellationToken, Task<ForwardOutcome>> forward) : IHttpExchange
{
    private string? number;

    public CommandRequest Request => request;

    public ExchangePhase Phase => ExchangePhase.Transfer;

    public TimeSpan HoldTime => TimeSpan.FromSeconds(Math.Min(terms.Options.HoldSeconds, terms.Holds.HttpsSeconds));

    public TimeSpan? KeepAliveEvery => null;

    public ValueTask TellAsync(Challenge challenge, CancellationToken cancellation)
    {
        number = challenge.Number; // shown with the refusal: the terminal has no other place for it
        return ValueTask.CompletedTask;
    }

    public ValueTask KeepAliveAsync(CancellationToken cancellation) => ValueTask.CompletedTask;

    public Task<bool> InspectAsync(IUpstream upstream, CancellationToken cancellation) => Task.FromResult(true);

    public async Task RefuseAsync(Refused refused, CancellationToken cancellation)
    {
        if (refused.Challenge is not null)
        {
            terms.Pushes.UploadRefused(request);
        }

        if (context.Response.HasStarted)
        {
            context.Abort(); // half of an object has gone out; it must not look like a whole one
            return;
        }

        if (HttpMethods.IsPut(context.Request.Method))
        {
            await RefusedBody.DrainAsync(context.Request.BodyReader, cancellation);
        }

        var text = string.Join(' ', terms.Texts.Lines(request, refused));
        var shown = refused.Reason.Code == ReasonCode.NotApprovedInTime && number is not null ? $"{text} The number is {number}." : text;
        await LfsAnswer.MessageAsync(context, StatusOf(refused.Reason.Code), shown);
    }

    public async Task<ForwardOutcome> ForwardAsync(IUpstream upstream, CancellationToken cancellation)
    {
        try
        {
            return await forward(cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return new(false, 0, 0, "client left");
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    // Never 401, which makes Git forget its password, and no 5xx where a person decided, because Git LFS tries those again.
    private static int StatusOf(ReasonCode code) => code switch
    {
        ReasonCode.RepositoryNotFound or ReasonCode.UpstreamNotFound => StatusCodes.Status404NotFound,
        ReasonCode.Unavailable or ReasonCode.UpstreamUnavailable => StatusCodes.Status503ServiceUnavailable,
        _ => StatusCodes.Status403Forbidden,
    };
}

/// <summary>What the exchanges of Git LFS share.</summary>
internal sealed record LfsTerms(LfsOptions Options, HoldOptions Holds, RefusalText Texts, PushesBegun Pushes);
