using Countersign.Core.Identities;

namespace Countersign.Server.People;

internal sealed record PersonSummary(
    PrincipalId Id, string Name, string Email, bool IsAdministrator, bool IsDisabled, bool IsLocked,
    IReadOnlyList<FactorSummary> Factors, int RecoveryCodesLeft, DateTimeOffset CreatedAt, DateTimeOffset? LastSignInAt);
