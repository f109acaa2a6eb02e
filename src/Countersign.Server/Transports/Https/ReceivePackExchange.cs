using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Core.Policies;
using Countersign.Server.Enforcement;
using Microsoft.AspNetCore.Http.Features;

namespace Countersign.Server.Transports.Https;

/// <summary>
/// <c>POST git-receive-pack</c>. The head (every ref, old and new id, options) is read whole before anything is decided. A push
/// that must be looked at or approved is read to its end first and waits on disk: then the client listens and can be told.
/// </summary>
internal sealed class ReceivePackExchange : IHttpExchange
{
    private const int Http11Required = 0xd; // HTTP_1_1_REQUIRED

    private readonly HttpContext context;
    private readonly int version;
    private readonly GitHttpBody body;
    private readonly ExchangeTerms terms;
    private readonly ReceivePackRequest head;
    private readonly long headLength;
    private PushSpool? spool;

    private ReceivePackExchange(
        HttpContext context, CommandRequest request, int version, GitHttpBody body, ExchangeTerms terms, PushHead parsed)
    {
        (this.context, this.version, this.body, this.terms, head, headLength) = (context, version, body, terms, parsed.Request, parsed.Length);
        Request = request with { Command = request.Command with { Updates = head.Updates, PushOptions = head.PushOptions } };
    }

    public CommandRequest Request { get; private set; }

    public ExchangePhase Phase => ExchangePhase.Transfer;

    public bool HandsOver => terms.HandOver is not null && !context.Response.HasStarted;

    public TimeSpan HoldTime => TimeSpan.FromSeconds(Talks ? terms.Holds.ChallengeSeconds : terms.Holds.HttpsSeconds);

    public TimeSpan? KeepAliveEvery => Talks ? TimeSpan.FromSeconds(terms.Holds.KeepAliveSeconds) : null;

    private bool Talks => head.Capabilities.SideBand64k;

    public static async Task<IHttpExchange?> OpenAsync(
        HttpContext context, CommandRequest request, int version, GitHttpBody body, ExchangeTerms terms, CancellationToken cancellation)
    {
        var (parsed, error) = await BodyHead.ReadAsync<PushHead>(body.Reader, PushHead.TryParse, cancellation);
        if (parsed is null)
        {
            await GitHttpAnswer.TextAsync(context, StatusCodes.Status400BadRequest, $"Malformed push: {error}.");
            return null;
        }

        if (parsed.Request.IsProbe)
        {
            AnswerProbe(context);
            return null;
        }

        return new ReceivePackExchange(context, request, version, body, terms, parsed);
    }

    public async ValueTask TellAsync(Challenge challenge, CancellationToken cancellation)
    {
        if (Talks)
        {
            Begin();
            context.Response.BodyWriter.WriteProgress(terms.Texts.Waiting(ChallengeLink.Of(challenge)));
            await context.Response.BodyWriter.FlushAsync(cancellation);
        }
    }

    public async ValueTask SayAsync(string line, CancellationToken cancellation)
    {
        if (Talks)
        {
            context.Response.BodyWriter.WriteProgress(line);
            await context.Response.BodyWriter.FlushAsync(cancellation);
        }
    }

    public async ValueTask KeepAliveAsync(CancellationToken cancellation)
    {
        context.Response.BodyWriter.WriteKeepalive();
        await context.Response.BodyWriter.FlushAsync(cancellation);
    }

    public async Task<bool> InspectAsync(IUpstream upstream, CancellationToken cancellation)
    {
        if (spool is not null)
        {
            return true;
        }

        spool = await terms.Spools.TakeAsync(body.Reader, cancellation);
        if (spool is null)
        {
            return false;
        }

        await using var pack = head.HasPack ? spool.OpenRead(headLength) : null;
        var updates = await upstream.InspectAsync(Far(), pack, cancellation);
        Request = Request with { Command = Request.Command with { Updates = updates } };
        return true;
    }

    public async Task RefuseAsync(Refused refused, CancellationToken cancellation)
    {
        var lines = terms.Texts.Lines(Request, refused);
        if (!context.Response.HasStarted)
        {
            if (refused.Reason.Code == ReasonCode.UpstreamCredentialRefused)
            {
                await GitHttpAnswer.UnauthorizedAsync(context, lines);
                return;
            }

            Begin();
            await (spool is null ? RefusedBody.DrainAsync(context.Request.BodyReader, cancellation) : Task.CompletedTask);
        }
        else if (refused.Form is AnswerForm.Opaque or AnswerForm.Packets)
        {
            context.Abort(); // half a report without bands: nothing can be said behind it
            return;
        }

        ReceivePackAnswer.WriteRefused(
            context.Response.BodyWriter, head.Capabilities, head.Updates, string.Join('\n', lines), RefusalText.RefReason(refused.Reason.Code));
        await context.Response.BodyWriter.FlushAsync(cancellation);
    }

    public async Task<ForwardOutcome> ForwardAsync(IUpstream upstream, CancellationToken cancellation)
    {
        if (HandsOver)
        {
            BodyHead.Forget(body.Reader); // the rest of an upload is not wanted any more
            return terms.HandOver!.Rpc(Far());
        }

        Begin();
        if (spool is null)
        {
            return await upstream.ForwardAsync(Far(), body.Reader, context.Response.BodyWriter, cancellation);
        }

        return await upstream.ForwardAsync(Far(), spool.Read(), context.Response.BodyWriter, cancellation);
    }

    public ValueTask DisposeAsync() => spool?.DisposeAsync() ?? ValueTask.CompletedTask;

    private UpstreamRequest Far() => new(Request.Command, version)
    {
        Credential = Request.Passed,
        BodyLength = spool?.Length ?? body.Length,
        CompressBody = body.IsCompressed && spool is null,
    };

    /// <summary>
    /// Git asks whether it may send a big body; it changes nothing. Over HTTP/2 it is told to send it over HTTP/1.1 (RFC 9113 section 7),
    /// which libcurl then does by itself: in some versions, that of Debian 12 among them, long uploads over HTTP/2 stop for ever now and then.
    /// </summary>
    private static void AnswerProbe(HttpContext context)
    {
        if (HttpProtocol.IsHttp2(context.Request.Protocol) && IsGitItself(context.Request.Headers) && context.Features.Get<IHttpResetFeature>() is { } stream)
        {
            stream.Reset(Http11Required);
            return;
        }

        GitHttpAnswer.Begin(context, GitService.ReceivePack, "result");
    }

    /// <summary>A proxy before the gateway would make an error of the hint.</summary>
    private static bool IsGitItself(IHeaderDictionary headers) =>
        headers.UserAgent.ToString().StartsWith("git/", StringComparison.Ordinal) && headers.Via.Count == 0 && !headers.ContainsKey("Forwarded") && !headers.ContainsKey("X-Forwarded-For");

    /// <summary>Once: a command can be told, held a second time, and only then be answered.</summary>
    private void Begin()
    {
        if (!context.Response.HasStarted)
        {
            GitHttpAnswer.Begin(context, GitService.ReceivePack, "result");
        }
    }
}
