using Countersign.Core.Git;
using Countersign.Core.LargeFiles;
using Countersign.Server.Enforcement;
using Countersign.Server.Policies;

namespace Countersign.Server.Transports.Https.LargeFiles;

/// <summary>Opens the exchange that fits a Git LFS request: what is asked, and what to do once it is allowed.</summary>
internal sealed class LfsExchanges(ILfsUpstream upstream, TransferTokens tokens, PolicyStore policies, LfsTerms terms, LfsFrame frame)
{
    private readonly LfsTransfers transfers = new(upstream);

    /// <summary>A batch or a call about locks; null when its document is none.</summary>
    public LfsExchange? Open(HttpContext context, LfsCall call, CommandRequest who, ReadOnlyMemory<byte> document, out string error)
    {
        if (call.Endpoint == LfsEndpoint.Batch)
        {
            return LfsBatch.TryParse(document, out var batch, out error) ? OpenBatch(context, batch, who) : null;
        }

        error = "the document does not fit this address";
        return LfsLockCall.Parse(call, document) is { } locks ? OpenLocks(context, locks, who) : null;
    }

    /// <summary>Null when the repository is not where it was: the token leads to a place that nobody was asked about.</summary>
    public LfsExchange? Open(HttpContext context, TransferToken token, CommandRequest who)
    {
        if (upstream.PlaceOf(who) != token.Place)
        {
            return null;
        }

        var download = token.Transfer.Action == LfsAction.Download;
        var work = new LfsWork(download ? LfsVerb.Download : LfsVerb.Upload, 1, token.Transfer.Object.Size, token.Transfer.Object.Oid.Hex) { For = token.For };
        var request = With(who, work) with { ApprovedUnder = token.Policy };
        return new(context, request, terms, cancellation => transfers.RunAsync(context, request, token.Transfer, cancellation));
    }

    private LfsExchange OpenBatch(HttpContext context, LfsBatch batch, CommandRequest who)
    {
        var request = AndThePush(With(who, batch.Work()));
        var rests = new BatchTerms(policies.Current.Digest, upstream.PlaceOf(request));
        return new(context, request, terms, async cancellation =>
        {
            var entries = await upstream.BatchAsync(request, batch, cancellation);
            var answer = new LfsBatchAnswer(tokens, frame.Gateway, terms.Options.TransferSeconds, frame.Clock).Write(entries, request, rests);
            await LfsAnswer.JsonAsync(context, StatusCodes.Status200OK, answer);
            return new(true, 0, answer.Length, "ok");
        });
    }

    private LfsExchange OpenLocks(HttpContext context, LfsLockCall call, CommandRequest who)
    {
        var request = With(who, call is LfsLockCall.Unlock unlock ? upstream.Describe(who, unlock) : call.Work);
        return new(context, request, terms, async cancellation =>
        {
            var reply = await upstream.LockAsync(request, call, cancellation);
            await LfsAnswer.JsonAsync(context, reply.Status, reply.Json);
            return new(reply.Succeeded, reply.BytesIn, reply.Json.Length, reply.Detail);
        });
    }

    /// <summary>
    /// Where it can be told which push the upload comes before, one approval is asked for both. Only for branches: what a host
    /// does upon other refs is not known.
    /// </summary>
    private CommandRequest AndThePush(CommandRequest request) =>
        request.Command.Lfs is { Verb: LfsVerb.Upload, For.IsBranch: true } work && terms.Pushes.OnlyOne(request) is { } key
            ? With(request, work with { ThenPush = true }) with { PushKey = key }
            : request;

    private static CommandRequest With(CommandRequest who, LfsWork work) => who with
    {
        Command = new(work.Writes ? GitService.ReceivePack : GitService.UploadPack, who.Command.Repository) { Lfs = work },
    };
}

/// <summary>What surrounds the exchanges.</summary>
internal sealed record LfsFrame(GatewayOptions Gateway, TimeProvider Clock);
