using Countersign.Core.Audit;
using Countersign.Server.Storage.Sqlite;

namespace Countersign.Server.Factors;

/// <summary>What may be used once, by name, in the ledger: one conditional write that only one caller can win.</summary>
internal static class SpentOnce
{
    /// <summary>Spends and records; false, and no record, when it was spent before.</summary>
    public static bool Spend(LedgerTransaction transaction, string kind, string owner, string value, AuditEvent record)
    {
        var spent = transaction.Execute(
            "INSERT OR IGNORE INTO spent (kind, owner, value, at) VALUES ($1, $2, $3, $4)", kind, owner, value, record.Time.ToUnixTimeMilliseconds()) == 1;
        if (spent)
        {
            transaction.Append(record);
        }

        return spent;
    }
}
