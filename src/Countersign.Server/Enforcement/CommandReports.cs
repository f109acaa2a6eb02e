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
internal sealed partial class CommandReports(
    Ledger ledger, ChallengeRegister register, GitCredentials credentials, INotices notices, AdministratorNotices administrators, ILogger<CommandReports> logger)
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
            try
            {
                if (ChallengeTable.Find(ledger.Reads, id) is { } challenge)
                {
                    await CarryOutAsync(challenge);
                }
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                NotCarriedOut(exception, id.Value); // the others must not wait for this one
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
        await register.EndAccessAsync(new(person, null), name); // what it has begun since it was reported
        await TellAsync(challenge);
        await ledger.WriteAsync(transaction =>
        {
            PendingReports.Done(transaction, challenge.Id);
            return true;
        });
    }

    /// <summary>Once more rather than not at all, but not for ever: somebody who cannot be told is no reason to tell the others again and again.</summary>
    private async Task TellAsync(Challenge challenge)
    {
        var (done, told) = Words(challenge);
        try
        {
            await notices.TellAsync(challenge.PrincipalId, $"You reported request {challenge.Id}. {done}", CancellationToken.None);
            await administrators.TellAsync(challenge.PrincipalId, $"{challenge.PrincipalName} reported request {challenge.Id} from {challenge.Client} as not theirs: {told}.");
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            NotTold(exception, challenge.Id.Value);
        }
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

    [LoggerMessage(1013, LogLevel.Error, "What was reported about request {Challenge} could not be carried out; it is tried again")]
    private partial void NotCarriedOut(Exception exception, string challenge);

    [LoggerMessage(1014, LogLevel.Error, "Not everybody could be told that request {Challenge} was reported; what it asks for is done")]
    private partial void NotTold(Exception exception, string challenge);
}
