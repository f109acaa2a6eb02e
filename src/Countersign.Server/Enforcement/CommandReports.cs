using Countersign.Core.Challenges;
using Countersign.Core.Identities;
using Countersign.Server.People;
using Countersign.Server.Upstreams.Passed;

namespace Countersign.Server.Enforcement;

/// <summary>
/// "This wasn't me": the credential that asked is revoked, whatever else waits or is granted ends, and the person and every
/// administrator are told.
/// </summary>
internal sealed class CommandReports(ChallengeRegister register, GitCredentials credentials, IPeople people, INotices notices)
{
    public async Task ActAsync(Principal principal, Challenge challenge)
    {
        await credentials.EndAsync(principal, challenge.Credential);
        var (done, told) = GitCredentials.IsPassed(challenge.Credential.Id)
            ? ($"The {challenge.Credential.Label} is refused here from now on, and what else waited was cancelled. Change it at the Git host: the gateway cannot.",
                "somebody else had a password of theirs for a Git host. It is refused here until you lift that (countersign upstream lift), and still works at the host")
            : SshKeyId.IsOne(challenge.Credential.Id)
            ? ($"The SSH key \"{challenge.Credential.Label}\" is removed and cannot come back, and what else waited was cancelled. Look for where its private half was kept, and make a new key.",
                "somebody else had an SSH key of theirs. It is removed")
            : ($"The access token \"{challenge.Credential.Label}\" is revoked, and what else waited was cancelled. Look for where the token was kept.",
                "somebody else had an access token of theirs. It is revoked");
        await register.EndAccessAsync(new(principal.Id, null), principal.Name);
        await notices.TellAsync(
            principal.Id,
            $"You reported request {challenge.Id}. {done}",
            CancellationToken.None);
        foreach (var administrator in (await people.ListAsync(CancellationToken.None)).Where(person => person is { IsAdministrator: true, IsDisabled: false } && person.Id != principal.Id))
        {
            await notices.TellAsync(
                administrator.Id,
                $"{principal.Name} reported request {challenge.Id} from {challenge.Client} as not theirs: {told}.",
                CancellationToken.None);
        }
    }
}
