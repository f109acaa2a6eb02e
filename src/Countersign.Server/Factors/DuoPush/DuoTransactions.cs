using System.Collections.Concurrent;
using Countersign.Core.Challenges;
using Countersign.Server.Enforcement;
using Countersign.Server.Storage;
using Countersign.Server.Storage.Sqlite;

namespace Countersign.Server.Factors.DuoPush;

/// <summary>
/// Which push asks about which request, durably: after a restart the person still has it on their phone, so a command that is run
/// again waits for that one and sends none of its own. Each is that of one request, and of the account and the device that it went to.
/// </summary>
internal sealed class DuoTransactions : IDisposable
{
    private static readonly TimeSpan Kept = TimeSpan.FromHours(1); // longer than any request lives

    private readonly ConcurrentDictionary<ChallengeId, bool> live = new();
    private readonly Ledger ledger;
    private readonly ChallengeAnnouncements announcements;
    private readonly TimeProvider clock;

    public DuoTransactions(Ledger ledger, ChallengeAnnouncements announcements, TimeProvider clock)
    {
        (this.ledger, this.announcements, this.clock) = (ledger, announcements, clock);
        announcements.Settled += DropSettled;
    }

    /// <summary>Only one that went to this very account, and was to go where its pushes go now: what was sent before that changed asks nobody any more.</summary>
    public DuoPushed? Find(ChallengeId challenge, DuoAccountRow account)
    {
        var found = ledger.Reads.Query(
            "SELECT txid, device, name, code FROM duo_transactions WHERE challenge = $1 AND account = $2 AND user = $3 AND chosen IS $4",
            static row => new DuoPushed(row.GetString(0), row.GetString(1), row.GetString(2), row.IsDBNull(3) ? null : row.GetString(3)),
            challenge.Value, KeyOf(account), account.UserName, account.Device).SingleOrDefault();
        if (found is not null)
        {
            live[challenge] = true;
        }

        return found;
    }

    /// <summary>Also to keep the number that came later.</summary>
    /// <returns>False, and nothing is kept, where the transaction is that of another request: one answer must not count for two.</returns>
    public Task<bool> KeepAsync(ChallengeId challenge, DuoAccountRow account, DuoPushed push)
    {
        live[challenge] = true;
        var now = clock.GetUtcNow();
        return ledger.WriteAsync(transaction =>
        {
            transaction.Execute("DELETE FROM duo_transactions WHERE at < $1", (now - Kept).ToUnixTimeMilliseconds());
            if (!transaction.QueryFirst("SELECT 1 FROM duo_transactions WHERE txid = $1 AND challenge = $2", static _ => true, push.Txid, challenge.Value)
                && !Claim(transaction, push.Txid, now))
            {
                return false;
            }

            transaction.Execute(
                """
                INSERT INTO duo_transactions (challenge, txid, account, user, chosen, device, name, code, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                ON CONFLICT (challenge) DO UPDATE SET
                    txid = excluded.txid, account = excluded.account, user = excluded.user, chosen = excluded.chosen,
                    device = excluded.device, name = excluded.name, code = excluded.code, at = excluded.at
                """,
                challenge.Value, push.Txid, KeyOf(account), account.UserName, account.Device, push.DeviceId, push.Device, push.Code, now.ToUnixTimeMilliseconds());
            return true;
        });
    }

    /// <summary>For a push that is about no request.</summary>
    /// <returns>False where the transaction was that of another push: one answer must not count for two.</returns>
    public Task<bool> ClaimAsync(string txid) => ledger.WriteAsync(transaction => Claim(transaction, txid, clock.GetUtcNow()));

    /// <summary>Sent so lately that the phone may still show them, of requests that are there.</summary>
    public IReadOnlyList<(ChallengeId Challenge, DuoPushed Push)> Out(TimeSpan lifetime) => ledger.Reads.Query(
        "SELECT challenge, txid, device, name FROM duo_transactions WHERE at > $1",
        static row => (ChallengeId.TryParse(row.GetString(0), out var id) ? id : throw new InvalidDataException("a push names no request"),
            new DuoPushed(row.GetString(1), row.GetString(2), row.GetString(3), null)),
        (clock.GetUtcNow() - lifetime).ToUnixTimeMilliseconds());

    public Task DropAsync(ChallengeId challenge)
    {
        live.TryRemove(challenge, out _);
        return ledger.WriteAsync(transaction => transaction.Execute("DELETE FROM duo_transactions WHERE challenge = $1", challenge.Value));
    }

    public void Dispose() => announcements.Settled -= DropSettled;

    private static string KeyOf(DuoAccountRow account) => account.Id.ToString("N");

    private static bool Claim(LedgerTransaction transaction, string txid, DateTimeOffset now) =>
        SpentOnce.Claim(transaction, "duo_txid", "duo", txid, now, Kept);

    private void DropSettled(ChallengeId challenge)
    {
        if (live.ContainsKey(challenge))
        {
            _ = DropAsync(challenge); // what cannot be dropped now is dropped with its hour
        }
    }
}
