using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Server.Enforcement;
using Countersign.Server.People;
using Countersign.Server.Upstreams;

namespace Countersign.Server.Transports.Ssh;

/// <summary>A repository that is at a Git host, as a command over SSH gets there.</summary>
/// <param name="Credential">The person's own for the host, where it wants that.</param>
/// <param name="Obstacle">Why it cannot get there, and what to do; empty where it can.</param>
internal sealed record SshDestination(PassedCredential? Credential, IReadOnlyList<string> Obstacle);

/// <summary>Where a command over SSH goes, and what is in its way before anybody needs to be asked.</summary>
internal sealed class SshDestinations(UpstreamPlaces places, IUpstreamTokens tokens, IRepositories repositories, GatewayOptions gateway)
{
    /// <summary>Null for this machine.</summary>
    public SshDestination? Find(CommandRequest request)
    {
        if (places.Find(request.Command.Repository) is not { Upstream: var host })
        {
            return null;
        }

        var credential = host.Credentials == UpstreamCredentials.Passed ? tokens.Find(request.PrincipalId, host.Name) : null;
        var url = gateway.Url.GetLeftPart(UriPartial.Authority);
        return new(credential, request.Command switch
        {
            // Who may not see a repository hears nothing of where it is: the enforcement point says that there is none.
            _ when !MaySee(request) => [],
            { Service: GitService.UploadArchive } =>
            [
                $"{request.Command.Repository} is at the Git host {host.Name}, where archives cannot be asked for.",
                "Clone it, and run git archive in the clone.",
            ],
            _ when host.Credentials == UpstreamCredentials.Passed && credential is null =>
            [
                $"The Git host {host.Name} wants a token of yours, and SSH carries none.",
                $"Enter it once at {url}/security  Then run the command again.",
            ],
            _ => [],
        });
    }

    private bool MaySee(CommandRequest request)
    {
        var (facts, role) = repositories.Find(request.Command.Repository, request.PrincipalId);
        return facts is not null && (facts.IsPublic || role >= Role.Read);
    }
}
