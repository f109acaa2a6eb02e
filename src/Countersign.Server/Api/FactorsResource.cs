using Countersign.Core.Challenges;
using Countersign.Server.People;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Countersign.Server.Api;

internal sealed record RenameInput(string Name);

/// <param name="RecoveryCodes">Shown once; the old ones have stopped working.</param>
internal sealed record RecoveryCodesView(IReadOnlyList<string> RecoveryCodes);

internal static class FactorsResource
{
    public static void Map(RouteGroupBuilder api)
    {
        var factors = api.MapGroup("/factors").WithTags("Factors");
        factors.MapGet("", ListAsync).For(ApiAccess.Enrolling)
            .WithName("listFactors").WithSummary("Your second factors.");
        factors.MapPatch("/{id}", RenameAsync).For(ApiAccess.Person, freshStepUp: true)
            .WithName("renameFactor").WithSummary("Rename a factor.");
        factors.MapDelete("/{id}", RemoveAsync).For(ApiAccess.Person, freshStepUp: true)
            .WithName("removeFactor").WithSummary("Remove a factor.");
        api.MapGet("/passkeys", ListPasskeysAsync).For(ApiAccess.Enrolling).WithTags("Factors")
            .WithName("listPasskeys").WithSummary("Your passkeys and security keys.");
        api.MapPost("/recovery-codes", MakeCodesAsync).For(ApiAccess.Person, freshStepUp: true).WithTags("Factors")
            .WithName("makeRecoveryCodes").WithSummary("Ten new recovery codes, shown once.");
    }

    private static async Task<Ok<IReadOnlyList<FactorView>>> ListAsync(Caller caller, IPeople people, CancellationToken cancellation) =>
        TypedResults.Ok(await OfAsync(caller, people, _ => true, cancellation));

    private static async Task<Ok<IReadOnlyList<FactorView>>> ListPasskeysAsync(Caller caller, IPeople people, CancellationToken cancellation) =>
        TypedResults.Ok(await OfAsync(caller, people, factor => factor.Kind == FactorKind.WebAuthn, cancellation));

    private static async Task<IReadOnlyList<FactorView>> OfAsync(
        Caller caller, IPeople people, Func<FactorSummary, bool> wanted, CancellationToken cancellation)
    {
        var person = await people.FindAsync(caller.Person.Id, cancellation);
        return [.. (person?.Factors ?? []).Where(wanted).Select(FactorView.Of)];
    }

    private static async Task<Results<Ok<FactorView>, ProblemHttpResult>> RenameAsync(
        string id, RenameInput input, Caller caller, IFactorEnrolment enrolment, CancellationToken cancellation)
    {
        var result = await enrolment.RenameAsync(caller.Person.Id, id, input.Name, caller.Actor, cancellation);
        return result.Value is { } factor ? TypedResults.Ok(FactorView.Of(factor)) : result.Refusal!.ToProblem();
    }

    private static async Task<Results<Ok<FactorView>, ProblemHttpResult>> RemoveAsync(
        string id, Caller caller, IFactorEnrolment enrolment, CancellationToken cancellation)
    {
        var result = await enrolment.RemoveAsync(caller.Person.Id, id, caller.Actor, cancellation);
        return result.Value is { } factor ? TypedResults.Ok(FactorView.Of(factor)) : result.Refusal!.ToProblem();
    }

    private static async Task<Ok<RecoveryCodesView>> MakeCodesAsync(Caller caller, IFactorEnrolment enrolment, CancellationToken cancellation) =>
        TypedResults.Ok(new RecoveryCodesView(await enrolment.MakeRecoveryCodesAsync(caller.Person.Id, caller.Actor, cancellation)));
}
