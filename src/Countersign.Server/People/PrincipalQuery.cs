using Countersign.Core.Identities;

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
}
