using Countersign.Core.Audit;
using Countersign.Server.Storage.Sqlite;

namespace Countersign.Server.Factors;

/// <summary>What may be used once, by name, in the ledger: one conditional write that only one caller can win.</summary>
internal static class SpentOnce
{
    /// <summary>Spends and records; false, and no record, when it was spent before.</summary>
    /// <param name="transaction">Where.</param>
    /// <param name="kind">What kind of thing.</param>
    /// <param name="owner">Whose.</param>
    /// <param name="value">Which.</param>
    /// <param name="record">What the audit log says of it.</param>
    /// <param name="remembered">How long; null for good.</param>
    public static bool Spend(LedgerTransaction transaction, string kind, string owner, string value, AuditEvent record, TimeSpan? remembered = null)
    {
        var spent = Claim(transaction, kind, owner, value, record.Time, remembered);
        if (spent)
        {
            transaction.Append(record);
        }

        return spent;
    }

    /// <summary>The same without a record: what is claimed is recorded by what it is claimed for.</summary>
    public static bool Claim(LedgerTransaction transaction, string kind, string owner, string value, DateTimeOffset now, TimeSpan? remembered = null)
    {
        if (remembered is { } time)
        {
            transaction.Execute("DELETE FROM spent WHERE kind = $1 AND owner = $2 AND at < $3", kind, owner, (now - time).ToUnixTimeMilliseconds());
        }

        return transaction.Execute(
            "INSERT OR IGNORE INTO spent (kind, owner, value, at) VALUES ($1, $2, $3, $4)", kind, owner, value, now.ToUnixTimeMilliseconds()) == 1;
    }
}
