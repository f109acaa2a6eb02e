using Countersign.Core.Challenges;
using Countersign.Core.Identities;
using Countersign.Server.People;

namespace Countersign.Server.Enforcement;

/// <summary>
/// "This wasn't me": the credential that asked is revoked, whatever else waits or is granted ends, and the person and every
/// administrator are told.
/// </summary>
internal sealed class CommandReports(ChallengeRegister register, IAccessTokens tokens, IPeople people, INotices notices)
{
    public async Task ActAsync(Principal principal, Challenge challenge)
    {
        await tokens.RevokeAsync(principal.Id, challenge.Credential.Id, principal.Name, CancellationToken.None);
        await register.EndAccessAsync(new(principal.Id, null), principal.Name);
        await notices.TellAsync(
            principal.Id,
            $"You reported request {challenge.Id}. The access token \"{challenge.Credential.Label}\" is revoked, and what else waited was cancelled. Look for where the token was kept.",
            CancellationToken.None);
        foreach (var administrator in (await people.ListAsync(CancellationToken.None)).Where(person => person is { IsAdministrator: true, IsDisabled: false } && person.Id != principal.Id))
        {
            await notices.TellAsync(
                administrator.Id,
                $"{principal.Name} reported request {challenge.Id} from {challenge.Client} as not theirs: somebody else had an access token of theirs. It is revoked.",
                CancellationToken.None);
        }
    }
}
