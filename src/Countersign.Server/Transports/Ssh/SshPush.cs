using System.IO.Pipelines;
using Countersign.Core.Git;
using Countersign.Server.Enforcement;
using Countersign.Server.Transports.Https;

namespace Countersign.Server.Transports.Ssh;

/// <summary>
/// The changes of a push, whose head was read whole. While it is held its client waits, unable to send more than the pipes take;
/// only what must be looked at is read to its end and kept on disk, as over HTTPS.
/// </summary>
internal sealed class SshPush : SshExchange, IAsyncDisposable
{
    private const int Piece = 128 * 1024;

    private readonly ReceivePackRequest head;
    private readonly long headLength;
    private readonly PackTrailer? trailer;
    private readonly PipeReader body;
    private PushSpool? spool;
    private bool looked;
    private bool carriedWhole;

    public SshPush(SshConversation conversation, CommandRequest request, ReceivePackRequest head, long headLength)
        : base(conversation, request with { Command = request.Command with { Updates = head.Updates, PushOptions = head.PushOptions } })
    {
        (this.head, this.headLength) = (head, headLength);
        trailer = head.HasPack ? new(head.Capabilities.ObjectFormat) : null;
        body = PipeReader.Create(new PushInput(conversation.Input, headLength, trailer), new(bufferSize: Piece, minimumReadSize: Piece / 2));
    }

    public override ExchangePhase Phase => ExchangePhase.Transfer;

    public override async Task<bool> InspectAsync(IUpstream upstream, CancellationToken cancellation)
    {
        if (looked)
        {
            return true;
        }

        if (upstream.Inspects(Request.Command.Repository))
        {
            spool = await Conversation.Terms.Spools.TakeAsync(body, cancellation);
            if (spool is null)
            {
                return false;
            }
        }

        await using var pack = head.HasPack ? spool?.OpenRead(headLength) : null;
        var updates = await upstream.InspectAsync(Far(), pack, cancellation);
        Request = Request with { Command = Request.Command with { Updates = updates } };
        looked = true;
        return true;
    }

    public override async Task RefuseAsync(Refused refused, CancellationToken cancellation)
    {
        var lines = Conversation.Terms.Texts.Lines(Request, refused).ToList();
        if (refused.Form is AnswerForm.Opaque or AnswerForm.Packets)
        {
            await Conversation.Terminal.SayAsync(lines, cancellation); // half a report without bands: nothing can be said behind it
            return;
        }

        // Said at once; the report comes when the client has sent what it sends, else it would speak of a broken connection.
        var output = Conversation.Output;
        if (head.Capabilities.SideBand64k)
        {
            output.WriteProgress(string.Join('\n', lines));
            await output.FlushAsync(cancellation);
        }

        await (spool is null && !carriedWhole && refused.Form == AnswerForm.NotBegun ? DrainAsync(cancellation) : Task.CompletedTask);
        ReceivePackAnswer.WriteRefused(output, head.Capabilities, head.Updates, "", RefusalText.RefReason(refused.Reason.Code));
        await output.FlushAsync(cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await (spool?.DisposeAsync() ?? ValueTask.CompletedTask);
        await body.CompleteAsync();
        trailer?.Dispose();
    }

    protected override Task<ForwardOutcome> CarryAsync(IUpstream upstream, CancellationToken cancellation)
    {
        // Where the pack's end is found behind us, nothing is hashed here to find it.
        carriedWhole = spool is null && head.HasPack && upstream.FindsPackEnd(Request.Command.Repository);
        return upstream.ForwardAsync(Far(), spool?.Read() ?? (carriedWhole ? Conversation.Input : body), Conversation.Output, cancellation);
    }

    private UpstreamRequest Far() => new(Request.Command, Math.Min(1, Conversation.ProtocolVersion)) // pushing has no version 2
    {
        Credential = Request.Passed,
        BodyLength = spool?.Length ?? (head.HasPack ? null : headLength),
    };

    private async Task DrainAsync(CancellationToken cancellation)
    {
        try
        {
            await RefusedBody.DrainAsync(body, cancellation);
        }
        catch (IOException)
        {
            // The client broke off: it will not read the report either.
        }
    }
}
