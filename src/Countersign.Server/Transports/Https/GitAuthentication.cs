using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Server.People;
using Countersign.Server.Proxies;
using Countersign.Server.Upstreams;
using Countersign.Server.Upstreams.Passed;

namespace Countersign.Server.Transports.Https;

/// <summary>
/// The first factor of Git over HTTPS: an access token as Basic password or Bearer, or, for a repository of a Git host that
/// checks them, the person's own credential there. Only here is 401 ever said, because Git erases a stored credential that
/// was answered so.
/// </summary>
internal sealed class GitAuthentication(IAccessTokens tokens, PassedFirstFactor passed, GatewayOptions options, CredentialRejections rejections)
{
    /// <summary>Who it is; null after an answer was sent: a 401, or why nobody could be asked. Unknown person, wrong token, expired, revoked, disabled: all the same answer.</summary>
    public Task<AuthenticatedCredential?> AuthenticateAsync(HttpContext context, RepositoryPath repository, GitService service) =>
        passed.PlaceOf(repository) is { } place ? AskHostAsync(context, place, service) : AskTokensAsync(context);

    private async Task<AuthenticatedCredential?> AskHostAsync(HttpContext context, UpstreamPlace place, GitService service)
    {
        var client = RequestOrigin.ClientOf(context);
        var result = await passed.AuthenticateAsync(place, service, context.Request.Headers.Authorization, client, context.RequestAborted);
        if (result.Who is { } who)
        {
            return who;
        }

        await (result.Verdict switch
        {
            HostVerdict.Silent => GitHttpAnswer.TextAsync(
                context, StatusCodes.Status503ServiceUnavailable,
                "The Git host behind this gateway cannot be asked who you are at the moment, so this was denied.", "Nothing was changed. Try again in a minute."),
            HostVerdict.Throttled => GitHttpAnswer.TextAsync(
                context, StatusCodes.Status429TooManyRequests, "There were too many wrong passwords. Wait a minute, then try again."),
            HostVerdict.Open => GitHttpAnswer.TextAsync(
                context, StatusCodes.Status403Forbidden,
                "The Git host shows this repository to everybody, so it cannot tell who you are.",
                "Tell your administrator: the upstream needs an identity of header: or get:"),
            _ => RefuseAsync(context, client, AuthorizationHeader.Parse(context.Request.Headers.Authorization),
                "Sign in with your user name and password or access token for the Git host."),
        });
        return null;
    }

    private async Task<AuthenticatedCredential?> AskTokensAsync(HttpContext context)
    {
        var client = RequestOrigin.ClientOf(context);
        var header = AuthorizationHeader.Parse(context.Request.Headers.Authorization);
        if (header is { } given && tokens.Authenticate(given.UserName, given.Secret, client) is { } who)
        {
            return who;
        }

        await RefuseAsync(
            context, client, header, "Sign in with your user name and an access token as the password.", $"Make an access token at {options.Url.GetLeftPart(UriPartial.Authority)}/security");
        return null;
    }

    private async Task RefuseAsync(HttpContext context, ClientAddress client, AuthorizationHeader? header, params string[] lines)
    {
        // Git asked to clone from ANN@HOST first sends the name with an empty password: that is a question, not a guess.
        if (header is { Secret.Length: > 0 } rejected)
        {
            await rejections.RecordAsync(rejected.UserName, client);
        }

        await GitHttpAnswer.UnauthorizedAsync(context, lines);
    }
}
