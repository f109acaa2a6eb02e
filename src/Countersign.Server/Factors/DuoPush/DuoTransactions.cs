using System.Collections.Concurrent;
using Countersign.Core.Challenges;
using Countersign.Server.Enforcement;
using Countersign.Server.Storage.Sqlite;

namespace Countersign.Server.Factors.DuoPush;

/// <summary>
/// Which push asks about which request, durably: after a restart the person still has it on their phone, so a command that is run
/// again waits for that one and sends none of its own.
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

    public DuoPushed? Find(ChallengeId challenge)
    {
        var found = ledger.Reads.Query(
            "SELECT txid, device, code FROM duo_transactions WHERE challenge = $1",
            static row => new DuoPushed(row.GetString(0), row.GetString(1), row.IsDBNull(2) ? null : row.GetString(2)), challenge.Value).SingleOrDefault();
        if (found is not null)
        {
            live[challenge] = true;
        }

        return found;
    }

    /// <summary>Also to keep the number that came later.</summary>
    public Task KeepAsync(ChallengeId challenge, DuoPushed push)
    {
        live[challenge] = true;
        var now = clock.GetUtcNow();
        return ledger.WriteAsync(transaction =>
        {
            transaction.Execute("DELETE FROM duo_transactions WHERE at < $1", (now - Kept).ToUnixTimeMilliseconds());
            return transaction.Execute(
                "INSERT OR REPLACE INTO duo_transactions (challenge, txid, device, code, at) VALUES ($1, $2, $3, $4, $5)",
                challenge.Value, push.Txid, push.Device, push.Code, now.ToUnixTimeMilliseconds());
        });
    }

    public Task DropAsync(ChallengeId challenge)
    {
        live.TryRemove(challenge, out _);
        return ledger.WriteAsync(transaction => transaction.Execute("DELETE FROM duo_transactions WHERE challenge = $1", challenge.Value));
    }

    public void Dispose() => announcements.Settled -= DropSettled;

    private void DropSettled(ChallengeId challenge)
    {
        if (live.ContainsKey(challenge))
        {
            _ = DropAsync(challenge); // what cannot be dropped now is dropped with its hour
        }
    }
}
