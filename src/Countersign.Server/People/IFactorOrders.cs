using Countersign.Core.Challenges;
using Countersign.Core.Identities;

namespace Countersign.Server.People;

/// <summary>In which order people are asked; see <see cref="Factors.FactorOrder"/>. It chooses among what the rules accept, so it needs no fresh proof.</summary>
internal interface IFactorOrders
{
    /// <summary>The kinds that the person has, in the order in which they are asked.</summary>
    IReadOnlyList<FactorKind> Of(PrincipalId person);

    /// <summary>Sets it. Kinds that are left out come after those that are named; none at all is the usual order.</summary>
    /// <param name="person">Whose.</param>
    /// <param name="order">Each of <see cref="Factors.FactorOrder.Usual"/> at most once, and nothing else.</param>
    /// <param name="actor">Who sets it: the person, or an administrator.</param>
    /// <param name="cancellation">Gives up before anything is changed.</param>
    Task<Result<IReadOnlyList<FactorKind>>> SetAsync(PrincipalId person, IReadOnlyList<FactorKind> order, string actor, CancellationToken cancellation);
}
