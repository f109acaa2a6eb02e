using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Core.Policies;
using Countersign.Server.Enforcement;

namespace Countersign.Server.Transports.Https;

/// <summary>
/// <c>POST git-upload-pack</c>. A version 2 fetch that takes sideband-all can be talked to while it is held; everything else
/// waits in silence, and its first byte is the answer.
/// </summary>
internal sealed class UploadPackExchange : IHttpExchange
{
    private readonly HttpContext context;
    private readonly int version;
    private readonly GitHttpBody body;
    private readonly ExchangeTerms terms;
    private readonly UploadPackRequest head;

    private UploadPackExchange(HttpContext context, CommandRequest request, int version, GitHttpBody body, ExchangeTerms terms, UploadPackRequest head)
    {
        (this.context, Request, this.version, this.body, this.terms, this.head) = (context, request, version, body, terms, head);
    }

    private bool Talks => head.SidebandAll;

    public CommandRequest Request { get; }

    public ExchangePhase Phase => ExchangePhase.Transfer;

    // Not what was told something already, and not what has an argument that must be taken out on its way.
    public bool HandsOver => terms.HandOver is not null && !context.Response.HasStarted && !head.SidebandAll;

    public TimeSpan HoldTime => TimeSpan.FromSeconds(Talks ? terms.Holds.ChallengeSeconds : terms.Holds.HttpsSeconds);

    public TimeSpan? KeepAliveEvery => Talks ? TimeSpan.FromSeconds(terms.Holds.KeepAliveSeconds) : null;

    /// <summary>Reads the head of the body without consuming it; answers at once what is no fetch.</summary>
    public static async Task<IHttpExchange?> OpenAsync(
        HttpContext context, CommandRequest request, int version, GitHttpBody body, ExchangeTerms terms, CancellationToken cancellation)
    {
        var (head, error) = await BodyHead.ReadAsync(
            body.Reader,
            (in System.Buffers.ReadOnlySequence<byte> bytes, out UploadPackRequest? head, out string error) =>
                UploadPackRequest.TryParse(bytes, version, out head, out error),
            cancellation);
        if (head is null)
        {
            await GitHttpAnswer.TextAsync(context, StatusCodes.Status400BadRequest, $"Malformed request: {error}.");
            return null;
        }

        if (head.Command == UploadPackCommand.Probe)
        {
            GitHttpAnswer.Begin(context, GitService.UploadPack, "result"); // asks nothing, learns nothing
            return null;
        }

        return new UploadPackExchange(context, request, version, body, terms, head);
    }

    public async ValueTask TellAsync(Challenge challenge, CancellationToken cancellation)
    {
        if (Talks)
        {
            Begin();
            // Git's packet reader takes the last line feed of a packet away and then waits for the end of the line: it gets two.
            context.Response.BodyWriter.WriteProgress(terms.Texts.Waiting(ChallengeLink.Of(challenge)) + "\n\n");
            await context.Response.BodyWriter.FlushAsync(cancellation);
        }
    }

    public async ValueTask SayAsync(string line, CancellationToken cancellation)
    {
        if (Talks)
        {
            context.Response.BodyWriter.WriteProgress(line + "\n\n"); // two, as above
            await context.Response.BodyWriter.FlushAsync(cancellation);
        }
    }

    public async ValueTask KeepAliveAsync(CancellationToken cancellation)
    {
        context.Response.BodyWriter.WriteKeepalive();
        await context.Response.BodyWriter.FlushAsync(cancellation);
    }

    public Task<bool> InspectAsync(IUpstream upstream, CancellationToken cancellation) => Task.FromResult(true);

    public async Task RefuseAsync(Refused refused, CancellationToken cancellation)
    {
        var lines = terms.Texts.Lines(Request, refused);
        if (context.Response.HasStarted)
        {
            await GitHttpAnswer.BreakOffAsync(context, refused.Form, lines, cancellation);
            return;
        }

        if (refused.Reason.Code == ReasonCode.UpstreamCredentialRefused)
        {
            await GitHttpAnswer.UnauthorizedAsync(context, lines);
            return;
        }

        Begin();
        context.Response.BodyWriter.WriteError(string.Join('\n', lines));

        await context.Response.BodyWriter.FlushAsync(cancellation);
    }

    public Task<ForwardOutcome> ForwardAsync(IUpstream upstream, CancellationToken cancellation)
    {
        if (HandsOver)
        {
            return Task.FromResult(terms.HandOver!.Rpc(new(Request.Command, version) { Credential = Request.Passed }));
        }

        Begin();
        var far = new UpstreamRequest(Request.Command, version)
        {
            Credential = Request.Passed,
            BodyLength = body.Length,
            CompressBody = body.IsCompressed,
            SidebandAll = head.SidebandAll,
            // Packs are compressed as they are; lists of refs are not.
            AnswerIsCompressed = head.Command == UploadPackCommand.LsRefs ? GitHttpAnswer.Compressed(context) : null,
        };
        return upstream.ForwardAsync(far, body.Reader, context.Response.BodyWriter, cancellation);
    }

    public ValueTask EndAsync() => new(context.Response.CompleteAsync());

    public ValueTask DisposeAsync()
    {
        BodyHead.Forget(body.Reader);
        return ValueTask.CompletedTask;
    }

    /// <summary>Once: a command can be told, held a second time, and only then be answered.</summary>
    private void Begin()
    {
        if (!context.Response.HasStarted)
        {
            GitHttpAnswer.Begin(context, GitService.UploadPack, "result");
        }
    }
}
