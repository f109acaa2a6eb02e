using Countersign.Core.Challenges;
using Countersign.Core.Identities;
using Countersign.Server.Audit;
using Countersign.Server.Enforcement;
using Countersign.Server.People;
using Countersign.Server.Storage.Sqlite;

namespace Countersign.Server.Factors.DuoPush;

/// <summary>
/// What follows when somebody denies the push for a new device. "This wasn't me" says that somebody else is signed in as them: the
/// session that asked is ended, whatever waits or is granted ends, and the person and every administrator are told.
/// </summary>
internal sealed class DuoTrialReports(
    Ledger ledger, AuditTrail audit, ISessions sessions, ChallengeRegister register, IPeople people, INotices notices, AdministratorNotices administrators)
{
    public async Task DeniedAsync(DuoTrial trial, Principal principal, DuoPushed push, ClientAddress from, bool reported)
    {
        var record = audit.Event(
            AuditTypes.FactorDenied, principal.Name,
            ("person_id", principal.Id.ToString()), ("factor", nameof(FactorKind.DuoPush)), ("session", trial.Session), ("client", from.ToString()),
            ("device", push.DeviceId), ("txid", push.Txid), ("cause", (reported ? DenialCause.Reported : DenialCause.Declined).ToString()));
        await ledger.WriteAsync(transaction =>
        {
            transaction.Append(record);
            return !reported || transaction.Execute(
                "INSERT OR IGNORE INTO trial_reports (session, person, client, at) VALUES ($1, $2, $3, $4)",
                trial.Session, principal.Id.ToString(), from.ToString(), record.Time.ToUnixTimeMilliseconds()) == 1;
        });
        if (reported)
        {
            await CarryOutAsync(trial.Session, principal, from.ToString());
        }
    }

    /// <summary>What a gateway of before, or a database that failed, has left.</summary>
    public async Task CarryOutLeftAsync()
    {
        foreach (var (session, person, from) in ledger.Reads.Query(
            "SELECT session, person, client FROM trial_reports ORDER BY at", static row => (row.GetString(0), row.GetString(1), row.GetString(2))))
        {
            if (PrincipalId.TryParse(person, out var id) && people.FindPrincipal(id) is { } principal)
            {
                await CarryOutAsync(session, principal, from);
            }
        }
    }

    /// <summary>Somebody is told that a push for a new device was refused, because they were asked so often.</summary>
    public Task LimitedAsync(PrincipalId person, ClientAddress from) => notices.TellAsync(
        person,
        $"You were asked for your approval so often that you are not asked for a while; the last was a push for a new device, from {from}. If that was not you, somebody else is signed in as you: change your password, and end the sessions that you do not know.",
        CancellationToken.None);

    private async Task CarryOutAsync(string session, Principal principal, string from)
    {
        await sessions.EndByKeyAsync(principal.Id, session, CancellationToken.None);
        await register.EndAccessAsync(new(principal.Id, null), principal.Name);
        if (!await ledger.WriteAsync(transaction => transaction.Execute("DELETE FROM trial_reports WHERE session = $1", session) == 1))
        {
            return; // another has told them
        }

        await notices.TellAsync(
            principal.Id,
            $"You reported a push that was to add a device to your Duo Push; it was asked for from {from}. The session that asked is ended, and what else waited was cancelled. Somebody else was signed in as you: change your password, and end the sessions that you do not know.",
            CancellationToken.None);
        await administrators.TellAsync(
            principal.Id, $"{principal.Name} reported a push that was to add a device to their Duo Push, asked for from {from}, as not theirs: somebody else was signed in as them. That session is ended.");
    }
}
