using Countersign.Core.Identities;
using Countersign.Server.Audit;
using Countersign.Server.People;
using Countersign.Server.Storage.Sqlite;

namespace Countersign.Server.Upstreams.Passed;

/// <summary>
/// Credentials for Git hosts that were reported as "This wasn't me". They cannot be revoked here, so they are refused here,
/// durably, until an administrator lifts that.
/// </summary>
internal sealed class ReportedCredentials(Ledger ledger, AuditTrail audit, INotices notices, AccessEndings endings, TimeProvider clock)
{
    public bool Contains(string credentialId) =>
        ledger.Reads.Query("SELECT 1 FROM reported_credentials WHERE credential = $1", static _ => true, credentialId).Count > 0;

    public async Task AddAsync(PrincipalId person, GitCredential credential, string actor)
    {
        var record = audit.Event(
            AuditTypes.CredentialReported, actor, ("person_id", person.ToString()), ("credential_id", credential.Id), ("credential", credential.Label));
        await ledger.WriteAsync(transaction =>
        {
            transaction.Append(record);
            return transaction.Execute(
                "INSERT INTO reported_credentials (credential, principal, label, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
                credential.Id, person.ToString(), credential.Label, clock.GetUtcNow().ToUnixTimeMilliseconds());
        });
        endings.Raise(new(person, credential.Id));
    }

    /// <returns>How many of the person's were lifted.</returns>
    public async Task<int> LiftAsync(PrincipalId person, string actor)
    {
        var record = audit.Event(AuditTypes.CredentialLifted, actor, ("person_id", person.ToString()));
        var lifted = await ledger.WriteAsync(transaction =>
        {
            transaction.Append(record);
            return transaction.Execute("DELETE FROM reported_credentials WHERE principal = $1", person.ToString());
        });
        if (lifted > 0)
        {
            await notices.TellAsync(person, News.Of(AuditTypes.CredentialLifted), CancellationToken.None);
        }

        return lifted;
    }
}
