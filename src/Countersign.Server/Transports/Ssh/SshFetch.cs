using Countersign.Server.Enforcement;

namespace Countersign.Server.Transports.Ssh;

/// <summary>
/// A fetch or an archive of a repository on this machine: decided before its first byte, then carried whole. Refs and objects
/// come in one conversation, so that there is nothing to decide in its middle.
/// </summary>
internal sealed class SshFetch(SshConversation conversation, CommandRequest request) : SshExchange(conversation, request)
{
    public override ExchangePhase Phase => ExchangePhase.Transfer;

    protected override Task<ForwardOutcome> CarryAsync(IUpstream upstream, CancellationToken cancellation) =>
        upstream.ConverseAsync(new(Request.Command, Conversation.ProtocolVersion), Conversation.Input, Conversation.Output, cancellation);
}
