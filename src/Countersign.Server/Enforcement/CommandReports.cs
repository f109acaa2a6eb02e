using System.Collections.Concurrent;
using Countersign.Core.Challenges;
using Countersign.Server.People;
using Countersign.Server.Storage.Sqlite;
using Countersign.Server.Upstreams.Passed;

namespace Countersign.Server.Enforcement;

/// <summary>
/// "This wasn't me": the credential that asked is revoked, whatever else waits or is granted ends, and the person and every
/// administrator are told. What was said is durable before it is carried out, so it is carried out whatever happens to the gateway.
/// </summary>
internal sealed class CommandReports(Ledger ledger, ChallengeRegister register, GitCredentials credentials, INotices notices, AdministratorNotices administrators)
{
    private readonly ConcurrentDictionary<ChallengeId, Lazy<Task>> underWay = new();

    /// <summary>Completes when it is done, by this caller or another; nothing where nothing was said, or it was carried out before.</summary>
    public async Task CarryOutAsync(Challenge challenge)
    {
        var doing = underWay.GetOrAdd(challenge.Id, _ => new(() => ActAsync(challenge)));
        try
        {
            await doing.Value;
        }
        finally
        {
            underWay.TryRemove(new(challenge.Id, doing));
        }
    }

    /// <summary>What a gateway of before, or a database that failed, has left.</summary>
    public async Task CarryOutLeftAsync()
    {
        foreach (var id in PendingReports.All(ledger.Reads))
        {
            if (ChallengeTable.Find(ledger.Reads, id) is { } challenge)
            {
                await CarryOutAsync(challenge);
            }
        }
    }

    private async Task ActAsync(Challenge challenge)
    {
        if (!PendingReports.Contains(ledger.Reads, challenge.Id))
        {
            return;
        }

        var (person, name) = (challenge.PrincipalId, challenge.PrincipalName);
        await credentials.EndAsync(person, name, challenge.Credential);
        await register.EndAccessAsync(new(person, null), name);
        var (done, told) = Words(challenge);
        await notices.TellAsync(person, $"You reported request {challenge.Id}. {done}", CancellationToken.None);
        await administrators.TellAsync(person, $"{name} reported request {challenge.Id} from {challenge.Client} as not theirs: {told}.");
        await ledger.WriteAsync(transaction =>
        {
            PendingReports.Remove(transaction, challenge.Id);
            return true;
        });
    }

    private static (string Done, string Told) Words(Challenge challenge) =>
        GitCredentials.IsPassed(challenge.Credential.Id)
            ? ($"The {challenge.Credential.Label} is refused here from now on, and what else waited was cancelled. Change it at the Git host: the gateway cannot.",
                "somebody else had a password of theirs for a Git host. It is refused here until you lift that (countersign upstream lift), and still works at the host")
            : SshKeyId.IsOne(challenge.Credential.Id)
            ? ($"The SSH key \"{challenge.Credential.Label}\" is removed and cannot come back, and what else waited was cancelled. Look for where its private half was kept, and make a new key.",
                "somebody else had an SSH key of theirs. It is removed")
            : ($"The access token \"{challenge.Credential.Label}\" is revoked, and what else waited was cancelled. Look for where the token was kept.",
                "somebody else had an access token of theirs. It is revoked");
}
