using Countersign.Server.People;
using Countersign.Server.Proxies;

namespace Countersign.Server.Transports.Https;

/// <summary>
/// The first factor of Git over HTTPS: an access token as Basic password or Bearer. Only here is 401 ever said, because Git
/// erases a stored credential that was answered so.
/// </summary>
internal sealed class GitAuthentication(IAccessTokens tokens, GatewayOptions options, CredentialRejections rejections)
{
    /// <summary>Who it is; null after a 401 was sent. Unknown person, wrong token, expired, revoked, disabled: all the same answer.</summary>
    public async Task<AuthenticatedCredential?> AuthenticateAsync(HttpContext context)
    {
        var client = RequestOrigin.ClientOf(context);
        var header = AuthorizationHeader.Parse(context.Request.Headers.Authorization);
        if (header is { } given && tokens.Authenticate(given.UserName, given.Secret, client) is { } who)
        {
            return who;
        }

        // Git asked to clone from ANN@HOST first sends the name with an empty password: that is a question, not a guess.
        if (header is { Secret.Length: > 0 } rejected)
        {
            await rejections.RecordAsync(rejected.UserName, client);
        }

        await GitHttpAnswer.UnauthorizedAsync(
            context,
            "Sign in with your user name and an access token as the password.",
            $"Make an access token at {options.Url.GetLeftPart(UriPartial.Authority)}/security");
        return null;
    }
}
