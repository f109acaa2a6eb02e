using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Core.Policies;
using Countersign.Server.Enforcement;

namespace Countersign.Server.Transports.Https;

/// <summary>
/// <c>GET info/refs</c>. Version 2 of upload-pack shows capabilities only and is never held; everything else is the ref list.
/// Nothing can be shown while it is held: clients read nothing before the end of this answer.
/// </summary>
internal sealed class InfoRefsExchange(
    HttpContext context, CommandRequest request, int version, HoldOptions holds, RefusalText texts, CapabilityAnswers answers) : IHttpExchange
{
    private ReadOnlyMemory<byte>? recent;

    public CommandRequest Request => request;

    public ExchangePhase Phase =>
        version == 2 && request.Command.Service == GitService.UploadPack ? ExchangePhase.Capabilities : ExchangePhase.RefList;

    public bool CanRepeat => Phase == ExchangePhase.Capabilities && (recent = answers.Find(request)) is not null;

    public TimeSpan HoldTime =>
        request.Command.Service == GitService.ReceivePack && holds.PushBeforeRefs == "tell" ? TimeSpan.Zero : TimeSpan.FromSeconds(holds.HttpsSeconds);

    public TimeSpan? KeepAliveEvery => null;

    public ValueTask TellAsync(Challenge challenge, CancellationToken cancellation) => ValueTask.CompletedTask;

    public ValueTask KeepAliveAsync(CancellationToken cancellation) => ValueTask.CompletedTask;

    public Task<bool> InspectAsync(IUpstream upstream, CancellationToken cancellation) => Task.FromResult(true);

    public Task RefuseAsync(Refused refused, CancellationToken cancellation)
    {
        var lines = texts.Lines(request, refused);
        if (refused.Reason.Code == ReasonCode.RepositoryNotFound)
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

    public async Task<ForwardOutcome> ForwardAsync(IUpstream upstream, CancellationToken cancellation)
    {
        GitHttpAnswer.Begin(context, request.Command.Service, "advertisement");
        var far = new UpstreamRequest(request.Command, version) { Credential = request.Passed };
        if (Phase != ExchangePhase.Capabilities)
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

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
