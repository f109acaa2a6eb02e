using Countersign.Core.Challenges;
using Countersign.Server.Factors;
using Countersign.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Countersign.Server.People;

/// <summary>People as administrators and they themselves see them.</summary>
internal sealed class Summaries(Throttles throttles, OfferedFactors offered)
{
    public async Task<PersonSummary> OfAsync(GatewayDbContext database, Person person, CancellationToken cancellation) => new(
        person.PrincipalId,
        person.UserName!,
        person.Email ?? "",
        person.IsAdministrator,
        person.DisabledAt is not null,
        throttles.IsLocked(LocksOf(person)),
        [.. (await FactorList.OfAsync(database, person.PrincipalId, cancellation)).Where(factor => factor.Kind is not FactorKind.EmailApproval || offered.Has(factor.Kind))],
        await database.RecoveryCodes.CountAsync(row => row.PersonId == person.Id && row.SpentAt == null, cancellation),
        person.CreatedAt,
        person.LastSignInAt);

    /// <summary>Every lock and pause that an administrator lifts at once.</summary>
    public static ThrottleRule[] LocksOf(Person person) =>
    [
        ThrottleRule.Password(person.UserName!), ThrottleRule.Totp(person.PrincipalId), ThrottleRule.DuoPasscode(person.PrincipalId),
        ThrottleRule.EmailCode(person.PrincipalId), ThrottleRule.Recovery(person.PrincipalId),
        ThrottleRule.DuoBegin(person.PrincipalId), ThrottleRule.EmailSend(person.PrincipalId),
    ];
}
