using Countersign.Core.Challenges;
using Countersign.Core.Identities;
using Microsoft.Data.Sqlite;

namespace Countersign.Server.People;

/// <summary>The columns that make a <see cref="Principal"/>, for queries where the person is <c>p</c>.</summary>
internal static class PrincipalQuery
{
    public const int Count = 7;

    // An expired security key counts as had: what it decides is only which advice a denial gives.
    public const string Columns = """
        p."Id", p."UserName", p."IsAdministrator",
        EXISTS (SELECT 1 FROM "AspNetUserPasskeys" k WHERE k."UserId" = p."Id"),
        EXISTS (SELECT 1 FROM "TotpAuthenticators" a WHERE a."PersonId" = p."Id" AND a."ConfirmedAt" IS NOT NULL),
        EXISTS (SELECT 1 FROM "RecoveryCodes" r WHERE r."PersonId" = p."Id" AND r."SpentAt" IS NULL),
        EXISTS (SELECT 1 FROM "SshKeys" h WHERE h."OwnerId" = p."Id" AND h."IsSecurityKey" AND h."RemovedAt" IS NULL)
        """;

    // Eight sets for all people: made once, shared, never changed.
    private static readonly IReadOnlySet<FactorKind>[] Sets = [.. Enumerable.Range(0, 8).Select(SetOf)];

    /// <param name="row">At a row whose first columns are <see cref="Columns"/>.</param>
    public static Principal Read(SqliteDataReader row)
    {
        var factors = (row.GetBoolean(3) ? 1 : 0) | (row.GetBoolean(4) ? 2 : 0) | (row.GetBoolean(5) ? 4 : 0);
        return new(new(row.GetGuid(0)), row.GetString(1), row.GetBoolean(2)) { Factors = Sets[factors], HasSshSecurityKey = row.GetBoolean(6) };
    }

    private static HashSet<FactorKind> SetOf(int factors)
    {
        var set = new HashSet<FactorKind>();
        if ((factors & 1) != 0)
        {
            set.Add(FactorKind.WebAuthn);
        }

        if ((factors & 2) != 0)
        {
            set.Add(FactorKind.Totp);
        }

        if ((factors & 4) != 0)
        {
            set.Add(FactorKind.RecoveryCode);
        }

        return set;
    }
}
