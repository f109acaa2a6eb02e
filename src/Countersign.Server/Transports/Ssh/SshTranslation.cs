using System.Buffers;
using System.IO.Pipelines;
using Countersign.Core.Git;
using Countersign.Server.Enforcement;
using Countersign.Server.Transports.Https;

namespace Countersign.Server.Transports.Ssh;

/// <summary>
/// A fetch over SSH from a Git host that is spoken to over HTTP: each of its requests goes through the enforcement point and is
/// asked there as one request. Version 2 has the same requests on both sides; the older ones are told anew each round.
/// </summary>
internal sealed class SshTranslation(GitEnforcementPoint enforcement)
{
    private const int MaxRoundAnswer = 4 * 1024 * 1024;

    /// <returns>True when the client got all that it asked for.</returns>
    public async Task<bool> RunAsync(SshConversation conversation, CommandRequest request, CancellationToken gone)
    {
        var advertisement = new SshAdvertisement(conversation, request, conversation.ProtocolVersion);
        await enforcement.HandleAsync(advertisement, gone);
        return advertisement.Served
            && (advertisement.Version == 2
                ? await AnswerRequestsAsync(conversation, request, gone)
                : await NegotiateAsync(conversation, request, advertisement.Version, gone));
    }

    private async Task<bool> AnswerRequestsAsync(SshConversation conversation, CommandRequest request, CancellationToken gone)
    {
        while (true)
        {
            var first = await conversation.Input.ReadAsync(gone);
            conversation.Input.AdvanceTo(first.Buffer.Start);
            if (first.IsCompleted && first.Buffer.IsEmpty)
            {
                return true;
            }

            await using var input = new RequestInput(conversation.Input);
            var body = PipeReader.Create(input, new(leaveOpen: true));
            var (head, error) = await BodyHead.ReadAsync(
                body,
                (in ReadOnlySequence<byte> bytes, out UploadPackRequest? parsed, out string wrong) => UploadPackRequest.TryParse(bytes, 2, out parsed, out wrong),
                gone);
            if (head is null)
            {
                await conversation.RefuseAsync($"Malformed request: {error}.");
                return false;
            }

            if (head.Command == UploadPackCommand.Probe)
            {
                return true; // a flush alone: the client is done
            }

            var exchange = new SshRequest(conversation, request, 2, body);
            await enforcement.HandleAsync(exchange, gone);
            if (!exchange.Served)
            {
                return false;
            }

            await input.DrainAsync(gone);
        }
    }

    private async Task<bool> NegotiateAsync(SshConversation conversation, CommandRequest request, int version, CancellationToken gone)
    {
        var negotiation = new StatelessNegotiation();
        while (true)
        {
            switch (await NextAsync(conversation.Input, negotiation, gone))
            {
                case NegotiationStep.End:
                    return true;
                case NegotiationStep.Last:
                    return await AskAsync(conversation, request, version, negotiation.Body(), null, gone);
                case NegotiationStep.Round:
                    var answer = new CopyingWriter(PipeWriter.Create(Stream.Null), MaxRoundAnswer);
                    if (!await AskAsync(conversation, request, version, negotiation.Body(), answer, gone))
                    {
                        return false;
                    }

                    if (answer.Copy is not { } acknowledged || !negotiation.TryPass(acknowledged.Span, conversation.Output))
                    {
                        await conversation.RefuseAsync("The Git host answered something that is not Git.");
                        return false;
                    }

                    await conversation.Output.FlushAsync(gone);
                    break;
                case NegotiationStep.Shallow:
                    await conversation.RefuseAsync(
                        "Over SSH this Git host serves shallow clones in Git protocol version 2 only.", "Run: git config --global protocol.version 2", "or use the HTTPS address.");
                    return false;
                default:
                    await conversation.RefuseAsync("Malformed request: this is not a fetch request.");
                    return false;
            }
        }
    }

    private async Task<bool> AskAsync(SshConversation conversation, CommandRequest request, int version, byte[] body, PipeWriter? answer, CancellationToken gone)
    {
        var exchange = new SshRequest(conversation, request, version, PipeReader.Create(new ReadOnlySequence<byte>(body))) { Length = body.Length, Answer = answer };
        await enforcement.HandleAsync(exchange, gone);
        return exchange.Served;
    }

    /// <summary>Reads the client's packets up to the end of its next step; what it has sent ahead stays where it is.</summary>
    private static async Task<NegotiationStep> NextAsync(PipeReader client, StatelessNegotiation negotiation, CancellationToken gone)
    {
        while (true)
        {
            var result = await client.ReadAsync(gone);
            var rest = result.Buffer;
            var (status, step) = (ParseStatus.Done, NegotiationStep.More);
            while (step == NegotiationStep.More && (status = PktLine.TryRead(ref rest, out var kind, out var line)) == ParseStatus.Done)
            {
                step = negotiation.Add(kind, line.ToArray());
            }

            client.AdvanceTo(rest.Start, step == NegotiationStep.More ? rest.End : rest.Start);
            if (step != NegotiationStep.More || status == ParseStatus.Malformed)
            {
                return step == NegotiationStep.More ? NegotiationStep.Malformed : step;
            }

            if (result.IsCompleted)
            {
                return rest.IsEmpty ? NegotiationStep.End : NegotiationStep.Malformed;
            }
        }
    }
}
