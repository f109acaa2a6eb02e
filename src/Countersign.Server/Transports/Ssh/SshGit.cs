using Countersign.Core.Git;
using Countersign.Server.Enforcement;
using Countersign.Server.People;
using Countersign.Server.Transports.Https;

namespace Countersign.Server.Transports.Ssh;

/// <summary>
/// Git over SSH, from the parsed command to the enforcement point. A command on this machine's repositories is carried as it
/// is spoken; one for a Git host is taken apart into the requests of smart HTTP.
/// </summary>
internal sealed class SshGit(GitEnforcementPoint enforcement, SshTranslation translation, SshDestinations destinations, SshTerms terms)
{
    private const string UserAgent = "git over SSH";

    /// <returns>The exit status.</returns>
    public async Task<int> RunAsync(SshSession session, AuthenticatedCredential who, SshCommandLine.Git line, CancellationToken gone)
    {
        var conversation = new SshConversation(session, terms);
        var request = new CommandRequest(
            who.Principal.Id, who.Principal.Name, who.Credential, new(line.Service, line.Repository), session.Login.Client, null, UserAgent)
        {
            Handshake = session.Login.Handshake,
        };
        var destination = destinations.Find(request);
        if (destination is { Obstacle.Count: > 0 })
        {
            await conversation.RefuseAsync(destination.Obstacle);
            return 1;
        }

        request = request with { Passed = destination?.Credential };
        return line.Service switch
        {
            GitService.ReceivePack => await PushAsync(conversation, request, gone),
            GitService.UploadPack when destination is not null => await translation.RunAsync(conversation, request, gone) ? 0 : 1,
            _ => await FetchAsync(conversation, request, gone),
        };
    }

    private async Task<int> FetchAsync(SshConversation conversation, CommandRequest request, CancellationToken gone)
    {
        if (request.Command.Service == GitService.UploadArchive)
        {
            var (asked, error) = await BodyHead.ReadAsync<UploadArchiveRequest>(conversation.Input, UploadArchiveRequest.TryParse, gone);
            if (asked is null)
            {
                await conversation.RefuseAsync($"Refused: {error}.");
                return 1;
            }
        }

        var exchange = new SshFetch(conversation, request);
        await enforcement.HandleAsync(exchange, gone);
        return exchange.Served ? 0 : 1;
    }

    private async Task<int> PushAsync(SshConversation conversation, CommandRequest request, CancellationToken gone)
    {
        var refs = new SshAdvertisement(conversation, request, Math.Min(1, conversation.ProtocolVersion));
        await enforcement.HandleAsync(refs, gone);
        if (!refs.Served)
        {
            return 1;
        }

        // Up to date, or a hook on the client's side said no: it hangs up, or says in one packet that it wants nothing.
        if (!await conversation.HasMoreAsync(gone))
        {
            return 0;
        }

        var (parsed, error) = await BodyHead.ReadAsync<PushHead>(conversation.Input, PushHead.TryParse, gone);
        if (parsed is null)
        {
            await conversation.Terminal.SayAsync($"Malformed push: {error}.", gone);
            return 1;
        }

        if (parsed.Request.IsProbe)
        {
            return 0;
        }

        await using var push = new SshPush(conversation, request, parsed.Request, parsed.Length);
        await enforcement.HandleAsync(push, gone);
        return push.Served ? 0 : 1;
    }
}
