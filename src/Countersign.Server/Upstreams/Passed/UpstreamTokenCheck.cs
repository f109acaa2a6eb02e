using System.Text;
using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Server.Enforcement;
using Countersign.Server.People;

namespace Countersign.Server.Upstreams.Passed;

/// <summary>Whether a token that somebody types is theirs at the Git host, as far as that can be told without a repository.</summary>
internal sealed class UpstreamTokenCheck(HostVerdicts verdicts, HostNames names)
{
    private const int MaxLength = 2048;
    private static readonly Refusal NotYours = new("not_yours", "That token is somebody else's at the Git host. Enter one of your own.");

    public async Task<Result<PassedCredential>> ReadAsync(
        UpstreamDefinition upstream, PrincipalId person, string userName, string token, ClientAddress client, CancellationToken cancellation)
    {
        if (token.Length is 0 or > MaxLength || userName.Length > MaxLength || userName.Contains(':', StringComparison.Ordinal)
            || PresentedCredential.Parse(Header(userName, token)) is not { } credential)
        {
            return new Refusal("bad_token", "That is no token for the Git host: copy it from there, in one line, and leave out what belongs to this gateway (csn_...).");
        }

        if (!UpstreamIdentity.TryParse(upstream.Identity, out var identity))
        {
            return new Refusal("upstream_unclear", "This Git host is not set up so that it can be asked. Tell an administrator.");
        }

        return identity switch
        {
            UpstreamIdentity.Address => await AskAsync(upstream, person, credential, client, cancellation),

            // Which of its repositories could be asked about is not known here; the host checks the token when it is first used.
            UpstreamIdentity.UserName when userName.Length == 0 => new Refusal("user_owed", "This Git host wants a user name with the token."),
            UpstreamIdentity.UserName when names.Find(upstream, userName)?.Id != person => NotYours,
            _ => credential.Passed,
        };
    }

    private async Task<Result<PassedCredential>> AskAsync(
        UpstreamDefinition upstream, PrincipalId person, PresentedCredential credential, ClientAddress client, CancellationToken cancellation) =>
        await verdicts.OfAsync(new(upstream, ""), GitService.UploadPack, credential, client, cancellation) switch
        {
            HostVerdict.Known known => names.Find(upstream, known.Name)?.Id == person ? credential.Passed : NotYours,
            HostVerdict.Refused => new Refusal("token_refused", "The Git host does not accept that token. Make a new one there and copy it again."),
            HostVerdict.Throttled => new Refusal("delayed", "Too many wrong tokens. Wait a minute, then try again.", HostVerdicts.Lifetime),
            HostVerdict.Open => new Refusal("upstream_unclear", "This Git host tells everybody the same, so it cannot be asked whose the token is. Tell an administrator."),
            _ => new Refusal("upstream_silent", "The Git host gave no answer, so the token could not be checked. Try again in a moment."),
        };

    private static string Header(string userName, string token) =>
        userName.Length == 0 ? $"Bearer {token}" : $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{userName}:{token}"))}";
}
