using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Core.Policies;
using Countersign.Server.Enforcement;

namespace Countersign.Server.Transports.Https;

/// <summary>
/// <c>GET info/refs</c>. Version 2 of upload-pack shows capabilities only and is never held; everything else is the ref list.
/// Nothing can be shown while it is held: clients read nothing before the end of this answer.
/// </summary>
internal sealed class InfoRefsExchange(HttpContext context, CommandRequest request, int asked, HoldOptions holds, RefusalText texts) : IHttpExchange
{
    private int version = asked;

    public CommandRequest Request => request;

    public ExchangePhase Phase =>
        version == 2 && request.Command.Service == GitService.UploadPack ? ExchangePhase.Capabilities : ExchangePhase.RefList;

    public TimeSpan HoldTime =>
        request.Command.Service == GitService.ReceivePack && holds.PushBeforeRefs == "tell" ? TimeSpan.Zero : TimeSpan.FromSeconds(holds.HttpsSeconds);

    public TimeSpan? KeepAliveEvery => null;

    public ValueTask TellAsync(Challenge challenge, CancellationToken cancellation) => ValueTask.CompletedTask;

    public ValueTask KeepAliveAsync(CancellationToken cancellation) => ValueTask.CompletedTask;

    public Task<bool> InspectAsync(IUpstream upstream, CancellationToken cancellation) => Task.FromResult(true);

    public Task RefuseAsync(Refused refused, CancellationToken cancellation)
    {
        var lines = texts.Lines(request, refused);
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

        if (CommandRedirect.IsGitCommandLine(request.UserAgent))
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
        GitHttpAnswer.Begin(context, request.Command.Service, "advertisement");
        var far = new UpstreamRequest(request.Command, version)
        {
            Credential = request.Passed,
            AnswerIsCompressed = Phase == ExchangePhase.RefList ? GitHttpAnswer.Compressed(context) : null,
        };
        return upstream.AdvertiseAsync(far, context.Response.BodyWriter, cancellation);
    }

    public bool TryAskForRefs()
    {
        var showsNone = Phase == ExchangePhase.Capabilities;
        version = 0;
        return showsNone;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
