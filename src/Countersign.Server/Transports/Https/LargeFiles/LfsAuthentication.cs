using Countersign.Core.Git;
using Countersign.Server.Proxies;
using Countersign.Server.Upstreams;
using Countersign.Server.Upstreams.Passed;

namespace Countersign.Server.Transports.Https.LargeFiles;

/// <summary>
/// The first factor of batches and locks: what Git itself shows, or the token that <c>git-lfs-authenticate</c> gave out over SSH.
/// That one opens nothing else here.
/// </summary>
internal sealed class LfsAuthentication(
    GitAuthentication git, SshLfsTokens tokens, PassedFirstFactor passed, IUpstreamTokens upstreamTokens, CredentialRejections rejections)
{
    /// <summary>Null after an answer was sent.</summary>
    public async Task<SshLfsLogin?> AuthenticateAsync(HttpContext context, RepositoryPath repository)
    {
        if (AuthorizationHeader.Parse(context.Request.Headers.Authorization) is not { UserName: null, Secret: var secret } || !SshLfsTokens.IsOne(secret))
        {
            return await git.AuthenticateAsync(context, repository, GitService.UploadPack) is { } known ? new(known, true) : null;
        }

        var client = RequestOrigin.ClientOf(context);
        if (tokens.Open(secret, repository, client) is not { } login)
        {
            await rejections.RecordAsync(null, client);
            await LfsAnswer.MessageAsync(context, StatusCodes.Status403Forbidden, "This SSH sign-in for large files is over, or for something else. Run the command again.");
            return null;
        }

        // Where the Git host checks people itself, it gets what the person entered for it, as with every command over SSH.
        return passed.PlaceOf(repository) is { } place
            ? login with { Who = login.Who with { Passed = upstreamTokens.Find(login.Who.Principal.Id, place.Upstream.Name) } }
            : login;
    }
}
