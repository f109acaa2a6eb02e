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
    Ledger ledger, AuditTrail audit, ISessions sessions, ChallengeRegister register, INotices notices, AdministratorNotices administrators)
{
    public async Task DeniedAsync(DuoTrial trial, Principal principal, DuoPushed push, ClientAddress from, bool reported)
    {
        var record = audit.Event(
            AuditTypes.FactorDenied, principal.Name,
            ("person_id", principal.Id.ToString()), ("factor", nameof(FactorKind.DuoPush)), ("session", trial.Session), ("client", from.ToString()),
            ("device", push.DeviceId), ("txid", push.Txid), ("cause", (reported ? DenialCause.Reported : DenialCause.Declined).ToString()));
        await ledger.WriteAsync(transaction => transaction.Append(record));
        if (!reported)
        {
            return;
        }

        await sessions.EndByKeyAsync(principal.Id, trial.Session, CancellationToken.None);
        await register.EndAccessAsync(new(principal.Id, null), principal.Name);
        await notices.TellAsync(
            principal.Id,
            $"You reported a push that was to add a device to your Duo Push; it was asked for from {from}. The session that asked is ended, and what else waited was cancelled. Somebody else was signed in as you: change your password, and end the sessions that you do not know.",
            CancellationToken.None);
        await administrators.TellAsync(
            principal.Id, $"{principal.Name} reported a push that was to add a device to their Duo Push, asked for from {from}, as not theirs: somebody else was signed in as them. That session is ended.");
    }
}
