using Countersign.Core.Challenges;
using Countersign.Core.Identities;
using Countersign.Server.Factors;
using Microsoft.Data.Sqlite;

namespace Countersign.Server.People;

/// <summary>The columns that make a <see cref="Principal"/>, for queries where the person is <c>p</c>.</summary>
internal static class PrincipalQuery
{
    public const int Count = 10;

    // An expired security key counts as had: what it decides is only which advice a denial gives.
    public const string Columns = """
        p."Id", p."UserName", p."IsAdministrator",
        EXISTS (SELECT 1 FROM "AspNetUserPasskeys" k WHERE k."UserId" = p."Id"),
        EXISTS (SELECT 1 FROM "TotpAuthenticators" a WHERE a."PersonId" = p."Id" AND a."ConfirmedAt" IS NOT NULL),
        EXISTS (SELECT 1 FROM "RecoveryCodes" r WHERE r."PersonId" = p."Id" AND r."SpentAt" IS NULL),
        EXISTS (SELECT 1 FROM "SshKeys" h WHERE h."OwnerId" = p."Id" AND h."IsSecurityKey" AND h."RemovedAt" IS NULL),
        EXISTS (SELECT 1 FROM "DuoAccounts" d WHERE d."PersonId" = p."Id"),
        p."EmailApprovalSince" IS NOT NULL,
        p."FactorOrder"
        """;

    private static readonly FactorKind[] Kinds = [FactorKind.WebAuthn, FactorKind.Totp, FactorKind.RecoveryCode, FactorKind.DuoPush, FactorKind.EmailApproval];

    // The sets for all people: made once, shared, never changed.
    private static readonly IReadOnlySet<FactorKind>[] Sets = [.. Enumerable.Range(0, 1 << Kinds.Length).Select(SetOf)];

    /// <param name="row">At a row whose first columns are <see cref="Columns"/>.</param>
    public static Principal Read(SqliteDataReader row)
    {
        var (isAdministrator, mail) = (row.GetBoolean(2), row.GetBoolean(8));
        var others = (row.GetBoolean(3) ? 1 : 0) | (row.GetBoolean(4) ? 2 : 0) | (row.GetBoolean(7) ? 8 : 0);
        var counts = mail && !(isAdministrator && others == 0); // never the only factor of an administrator, however it came to be
        return new(new(row.GetGuid(0)), row.GetString(1), isAdministrator)
        {
            Factors = Sets[others | (row.GetBoolean(5) ? 4 : 0) | (counts ? 16 : 0)],
            FactorOrder = FactorOrder.Read(row.IsDBNull(9) ? null : row.GetString(9)),
            HasSshSecurityKey = row.GetBoolean(6),
        };
    }

    private static IReadOnlySet<FactorKind> SetOf(int bits) => Kinds.Where((_, place) => (bits & (1 << place)) != 0).ToHashSet();
}
