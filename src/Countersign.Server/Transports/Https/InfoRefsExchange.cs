using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Core.Policies;
using Countersign.Server.Enforcement;

namespace Countersign.Server.Transports.Https;

/// <summary>
/// <c>GET info/refs</c>. Version 2 of upload-pack shows capabilities only and is never held; everything else is the ref list.
/// Nothing can be shown while it is held: clients read nothing before the end of this answer. All but Git's own command line,
/// which is patient and shows more of other answers, are kept from hanging up by a <see cref="ServiceLineDrip"/>.
/// </summary>
internal sealed class InfoRefsExchange(
    HttpContext context, CommandRequest request, int asked, HoldOptions holds, RefusalText texts, CapabilityAnswers answers, HandOver? handOver) : IHttpExchange
{
    private readonly ServiceLineDrip drip = new(context, request.Command.Service);
    private int version = asked;
    private ReadOnlyMemory<byte>? recent;

    public CommandRequest Request => request;

    public ExchangePhase Phase =>
        version == 2 && request.Command.Service == GitService.UploadPack ? ExchangePhase.Capabilities : ExchangePhase.RefList;

    // What nginx is to carry on from needs capabilities of its own.
    public bool CanRepeat => handOver is null && Phase == ExchangePhase.Capabilities && (recent = answers.Find(request)) is not null;

    // Capabilities are looked at on their way, whatever carries the rest: a host that answers with refs is asked anew.
    public bool HandsOver => handOver is not null && Phase == ExchangePhase.RefList && !context.Response.HasStarted;

    public TimeSpan HoldTime
    {
        get
        {
            var silent = TimeSpan.FromSeconds(holds.HttpsSeconds);
            return request.Command.Service == GitService.ReceivePack && holds.PushBeforeRefs == "tell" ? TimeSpan.Zero
                : KeepAliveEvery is { } step && drip.Lasts(step) < silent ? drip.Lasts(step)
                : silent;
        }
    }

    public TimeSpan? KeepAliveEvery => IsGitCommandLine ? null : TimeSpan.FromSeconds(holds.KeepAliveSeconds);

    private bool IsGitCommandLine => CommandRedirect.IsGitCommandLine(request.UserAgent);

    public ValueTask TellAsync(Challenge challenge, CancellationToken cancellation) => ValueTask.CompletedTask;

    public ValueTask KeepAliveAsync(CancellationToken cancellation) => drip.DripAsync(cancellation);

    public Task<bool> InspectAsync(IUpstream upstream, CancellationToken cancellation) => Task.FromResult(true);

    public Task RefuseAsync(Refused refused, CancellationToken cancellation)
    {
        var lines = texts.Lines(request, refused);
        if (drip.HasBegun && refused.Form == AnswerForm.NotBegun)
        {
            return drip.RefuseAsync(string.Join('\n', lines), cancellation);
        }

        if (context.Response.HasStarted)
        {
            return GitHttpAnswer.BreakOffAsync(context, refused.Form, lines, cancellation);
        }

        if (refused.Reason.Code == ReasonCode.UpstreamCredentialRefused)
        {
            return GitHttpAnswer.UnauthorizedAsync(context, lines);
        }

        if (refused.Reason.Code is ReasonCode.RepositoryNotFound or ReasonCode.UpstreamNotFound)
        {
            return GitHttpAnswer.TextAsync(context, StatusCodes.Status404NotFound, lines);
        }

        if (IsGitCommandLine)
        {
            return GitHttpAnswer.TextAsync(context, StatusCodes.Status403Forbidden, lines);
        }

        // The other clients show no body of an error; this form all of them show.
        GitHttpAnswer.Begin(context, request.Command.Service, "advertisement");
        AdvertisementAnswer.WriteError(context.Response.BodyWriter, request.Command.Service, string.Join('\n', lines));
        return context.Response.BodyWriter.FlushAsync(cancellation).AsTask();
    }

    public async Task<ForwardOutcome> ForwardAsync(IUpstream upstream, CancellationToken cancellation)
    {
        var far = new UpstreamRequest(request.Command, version)
        {
            Credential = request.Passed,
            AnswerIsCompressed = Phase == ExchangePhase.RefList ? GitHttpAnswer.Compressed(context) : null,
            OffersNoMore = handOver is not null,
        };

        if (HandsOver)
        {
            return handOver!.Refs(far);
        }

        if (drip.HasBegun)
        {
            far = far with { AnswerIsCompressed = null }; // its beginning went out plain
            return await drip.ForwardAsync(refs => upstream.AdvertiseAsync(far, refs, cancellation));
        }

        GitHttpAnswer.Begin(context, request.Command.Service, "advertisement");
        if (Phase != ExchangePhase.Capabilities)
        {
            return await upstream.AdvertiseAsync(far, context.Response.BodyWriter, cancellation);
        }

        if (handOver is not null)
        {
            return await upstream.AdvertiseAsync(far, context.Response.BodyWriter, cancellation);
        }

        var answer = new CopyingWriter(context.Response.BodyWriter, CapabilityAnswers.MaxLength);
        var outcome = await upstream.AdvertiseAsync(far, answer, cancellation);
        if (outcome.Succeeded && answer.Copy is { } capabilities)
        {
            answers.Keep(request, capabilities);
        }

        return outcome;
    }

    public Task RepeatAsync(CancellationToken cancellation)
    {
        GitHttpAnswer.Begin(context, request.Command.Service, "advertisement");
        context.Response.ContentLength = recent!.Value.Length;
        return context.Response.BodyWriter.WriteAsync(recent.Value, cancellation).AsTask();
    }

    public bool TryAskForRefs()
    {
        var showsNone = Phase == ExchangePhase.Capabilities;
        version = 0;
        return showsNone;
    }

    public ValueTask EndAsync() => new(context.Response.CompleteAsync());

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
