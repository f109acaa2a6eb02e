using Countersign.Core.Git;
using Countersign.Server.Enforcement;
using Countersign.Server.Transports.Https;

namespace Countersign.Server.Transports.Ssh;

/// <summary>
/// What a server says first where a command is carried in parts: refs, or the capabilities of version 2, without the line that
/// only HTTP has before them.
/// </summary>
internal sealed class SshAdvertisement(SshConversation conversation, CommandRequest request, int asked) : SshExchange(conversation, request)
{
    /// <summary>The protocol version in which the command goes on: 0 where the Git host speaks no version 2.</summary>
    public int Version { get; private set; } = asked;

    public override ExchangePhase Phase =>
        Version == 2 && Request.Command.Service == GitService.UploadPack ? ExchangePhase.Capabilities : ExchangePhase.RefList;

    public override bool TryAskForRefs()
    {
        var showsNone = Phase == ExchangePhase.Capabilities;
        Version = 0;
        return showsNone;
    }

    protected override async Task<ForwardOutcome> CarryAsync(IUpstream upstream, CancellationToken cancellation)
    {
        // sideband-all is not offered: over SSH the terminal can be told anything at any moment.
        var far = new UpstreamRequest(Request.Command, Version) { Credential = Request.Passed, OffersNoMore = true };
        var answer = new AfterServiceLine(Conversation.Output);
        var outcome = await upstream.AdvertiseAsync(far, answer, cancellation);
        answer.Release();
        await Conversation.Output.FlushAsync(cancellation);
        return outcome;
    }
}
