using Countersign.Core.Challenges;
using Countersign.Core.Identities;
using Countersign.Server.Factors;
using Microsoft.Data.Sqlite;

namespace Countersign.Server.People;

/// <summary>Makes a <see cref="Principal"/> of the columns of <see cref="PrincipalQuery"/>. Approval by email is nobody's where it is not offered. A Duo account counts all the same: else a section that is missing by mistake would let its owner in with a password alone.</summary>
internal sealed class PrincipalReader(OfferedFactors offered)
{
    private static readonly FactorKind[] Kinds = [FactorKind.WebAuthn, FactorKind.Totp, FactorKind.RecoveryCode, FactorKind.DuoPush, FactorKind.EmailApproval];

    // The sets for all people: made once, shared, never changed.
    private static readonly IReadOnlySet<FactorKind>[] Sets = [.. Enumerable.Range(0, 1 << Kinds.Length).Select(SetOf)];

    private readonly bool offersEmail = offered.Has(FactorKind.EmailApproval);
    private readonly bool offersDuo = offered.Has(FactorKind.DuoPush);

    /// <param name="row">At a row whose first columns are <see cref="PrincipalQuery.Columns"/>.</param>
    public Principal Read(SqliteDataReader row)
    {
        var (isAdministrator, mail) = (row.GetBoolean(2), row.GetBoolean(8) && offersEmail);
        var others = (row.GetBoolean(3) ? 1 : 0) | (row.GetBoolean(4) ? 2 : 0) | (row.GetBoolean(7) ? 8 : 0);
        var carried = row.GetBoolean(3) || row.GetBoolean(4) || (row.GetBoolean(7) && offersDuo);
        var counts = mail && (carried || !isAdministrator); // never the only factor of an administrator, however it came to be
        return new(new(row.GetGuid(0)), row.GetString(1), isAdministrator)
        {
            Factors = Sets[others | (row.GetBoolean(5) ? 4 : 0) | (counts ? 16 : 0)],
            FactorOrder = FactorOrder.Read(row.IsDBNull(9) ? null : row.GetString(9)),
            HasSshSecurityKey = row.GetBoolean(6),
        };
    }

    private static IReadOnlySet<FactorKind> SetOf(int bits) => Kinds.Where((_, place) => (bits & (1 << place)) != 0).ToHashSet();
}
