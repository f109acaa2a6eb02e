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
internal sealed class InfoRefsExchange(HttpContext context, CommandRequest request, int version, HoldOptions holds, RefusalText texts) : IHttpExchange
{
    private readonly ServiceLineDrip drip = new(context, request.Command.Service);

    public CommandRequest Request => request;

    public ExchangePhase Phase =>
        version == 2 && request.Command.Service == GitService.UploadPack ? ExchangePhase.Capabilities : ExchangePhase.RefList;

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
        if (drip.HasBegun)
        {
            return drip.RefuseAsync(string.Join('\n', lines), cancellation);
        }

        if (refused.Reason.Code == ReasonCode.RepositoryNotFound)
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

    public Task<ForwardOutcome> ForwardAsync(IUpstream upstream, CancellationToken cancellation)
    {
        var asked = new UpstreamRequest(request.Command, version) { Credential = request.Passed };
        if (drip.HasBegun)
        {
            asked = asked with { AnswerIsCompressed = null }; // its beginning went out plain
            return drip.ForwardAsync(refs => upstream.AdvertiseAsync(asked, refs, cancellation));
        }

        GitHttpAnswer.Begin(context, request.Command.Service, "advertisement");
        return upstream.AdvertiseAsync(asked, context.Response.BodyWriter, cancellation);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
