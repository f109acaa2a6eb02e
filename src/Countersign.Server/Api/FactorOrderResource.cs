using Countersign.Core.Challenges;
using Countersign.Server.People;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Countersign.Server.Api;

/// <param name="Order">duo-push, webauthn, totp, email-approval: those that you want to be asked by first, in this order; the others come after them.</param>
internal sealed record FactorOrderInput(IReadOnlyList<string> Order);

/// <param name="Order">The kinds of factor that the person has, in the order in which they are asked.</param>
internal sealed record FactorOrderView(IReadOnlyList<string> Order)
{
    public static FactorOrderView Of(IEnumerable<FactorKind> order) => new([.. order.Select(Words.Of)]);
}

/// <summary>In which order people are asked by the factors they have.</summary>
internal static class FactorOrderResource
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/me/factor-order", Show).For(ApiAccess.Person).WithTags("Factors")
            .WithName("factorOrder").WithSummary("In which order you are asked by the factors you have.");
        api.MapPut("/me/factor-order", SetAsync).For(ApiAccess.Person).WithTags("Factors")
            .WithName("setFactorOrder").WithSummary("Change it. Rules still say which kinds count.");
        api.MapGet("/people/{name}/factor-order", ShowOfAsync).For(ApiAccess.Administrator).WithTags("People")
            .WithName("factorOrderOf").WithSummary("In which order a person is asked.");
        api.MapPut("/people/{name}/factor-order", SetOfAsync).For(ApiAccess.Administrator, freshStepUp: true).WithTags("People")
            .WithName("setFactorOrderOf").WithSummary("Change it for a person, who is told.");
    }

    private static Ok<FactorOrderView> Show(Caller caller, IFactorOrders orders) => TypedResults.Ok(FactorOrderView.Of(orders.Of(caller.Person.Id)));

    private static async Task<Results<Ok<FactorOrderView>, ProblemHttpResult>> SetAsync(
        FactorOrderInput input, Caller caller, IFactorOrders orders, CancellationToken cancellation) =>
        Answer(await orders.SetAsync(caller.Person.Id, Kinds(input), caller.Actor, cancellation));

    private static async Task<Results<Ok<FactorOrderView>, ProblemHttpResult>> ShowOfAsync(
        string name, IPeople people, IFactorOrders orders, CancellationToken cancellation) =>
        await people.FindAsync(name, cancellation) is { } person ? TypedResults.Ok(FactorOrderView.Of(orders.Of(person.Id))) : Problems.NotFound("person");

    private static async Task<Results<Ok<FactorOrderView>, ProblemHttpResult>> SetOfAsync(
        string name, FactorOrderInput input, Caller caller, IPeople people, IFactorOrders orders, CancellationToken cancellation) =>
        await people.FindAsync(name, cancellation) is { } person
            ? Answer(await orders.SetAsync(person.Id, Kinds(input), caller.Actor, cancellation))
            : Problems.NotFound("person");

    /// <summary>A word that is no kind becomes one that is in no order, and is refused with it.</summary>
    private static List<FactorKind> Kinds(FactorOrderInput input) => [.. input.Order.Select(word => Words.ParseFactor(word) ?? FactorKind.RecoveryCode)];

    private static Results<Ok<FactorOrderView>, ProblemHttpResult> Answer(Result<IReadOnlyList<FactorKind>> result) =>
        result.Value is { } order ? TypedResults.Ok(FactorOrderView.Of(order)) : result.Refusal!.ToProblem();
}
