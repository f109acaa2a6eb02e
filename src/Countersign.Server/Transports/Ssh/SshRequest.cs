using System.IO.Pipelines;
using Countersign.Server.Enforcement;

namespace Countersign.Server.Transports.Ssh;

/// <summary>One request of a fetch at a Git host that is spoken to over HTTP.</summary>
/// <param name="conversation">The client.</param>
/// <param name="request">Who asks for what.</param>
/// <param name="version">In which version the host is asked.</param>
/// <param name="body">What to ask.</param>
internal sealed class SshRequest(SshConversation conversation, CommandRequest request, int version, PipeReader body) : SshExchange(conversation, request)
{
    public override ExchangePhase Phase => ExchangePhase.Transfer;

    public long? Length { get; init; }

    /// <summary>Takes the answer; the client itself where it is null.</summary>
    public PipeWriter? Answer { get; init; }

    protected override Task<ForwardOutcome> CarryAsync(IUpstream upstream, CancellationToken cancellation)
    {
        var far = new UpstreamRequest(Request.Command, version) { Credential = Request.Passed, BodyLength = Length };
        return upstream.ForwardAsync(far, body, Answer ?? Conversation.Output, cancellation);
    }
}
