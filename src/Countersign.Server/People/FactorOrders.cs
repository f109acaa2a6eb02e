using Countersign.Core.Challenges;
using Countersign.Core.Identities;
using Countersign.Server.Audit;
using Countersign.Server.Factors;
using Countersign.Server.Storage;
using Countersign.Server.Web.Views;
using Microsoft.EntityFrameworkCore;

namespace Countersign.Server.People;

/// <summary>The orders, kept with the people. Changing one is audited and told to the person: it decides which phone rings.</summary>
internal sealed class FactorOrders(IDbContextFactory<GatewayDbContext> databases, IPeople people, AuditTrail audit, INotices notices) : IFactorOrders
{
    private static readonly Refusal BadOrder = new("bad_order", "An order names duo-push, webauthn, totp and email-approval, each once at most.");

    public IReadOnlyList<FactorKind> Of(PrincipalId person) => people.FindPrincipal(person) is { } principal ? [.. FactorOrder.Of(principal)] : [];

    public async Task<Result<IReadOnlyList<FactorKind>>> SetAsync(PrincipalId person, IReadOnlyList<FactorKind> order, string actor, CancellationToken cancellation)
    {
        if (order.Distinct().Count() != order.Count || order.Except(FactorOrder.Usual).Any())
        {
            return BadOrder;
        }

        if (people.FindPrincipal(person) is not { } principal)
        {
            return Refusals.NoSuchPerson;
        }

        if (order.SequenceEqual(principal.FactorOrder))
        {
            return new([.. FactorOrder.Of(principal)], null);
        }

        var stored = order.Count == 0 ? null : FactorOrder.Write(order);
        await audit.RecordAsync(AuditTypes.FactorOrderChanged, actor, ("person_id", person.ToString()), ("order", FactorOrder.Write(order)));
        await using var database = await databases.CreateDbContextAsync(CancellationToken.None);
        await database.Users.Where(row => row.Id == person.Value)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.FactorOrder, stored), CancellationToken.None);
        var now = Of(person);
        await notices.TellAsync(
            person,
            News.Of(AuditTypes.FactorOrderChanged, ("by", actor == principal.Name ? actor : ""), ("order", string.Join(", then ", now.Select(Words.Of)))),
            CancellationToken.None);
        return new(now, null);
    }
}
