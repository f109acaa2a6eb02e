using Countersign.Server.People;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Countersign.Server.Api;

/// <param name="Password">Left out, the person cannot sign in to the pages, but can use Git with an access token.</param>
internal sealed record NewPersonInput(string Name, string Email, string? Password = null, bool Administrator = false);

/// <param name="OtpauthUri">For the person's authenticator app. Shown once.</param>
internal sealed record OtpauthView(string OtpauthUri);

/// <summary>Administering people. Nothing here lets an administrator act as somebody else; see <see cref="ApiAccess.LocalAdministrator"/>.</summary>
internal static class PeopleResource
{
    public static void Map(RouteGroupBuilder api)
    {
        var people = api.MapGroup("/people").WithTags("People");
        people.MapGet("", ListAsync).For(ApiAccess.Administrator)
            .WithName("listPeople").WithSummary("Everybody.");
        people.MapPost("", AddAsync).For(ApiAccess.Administrator, freshStepUp: true)
            .WithName("addPerson").WithSummary("A new person.");
        people.MapGet("/{name}", ShowAsync).For(ApiAccess.Administrator)
            .WithName("showPerson").WithSummary("One person, with factors.");
        people.MapGet("/{name}/factors", FactorsAsync).For(ApiAccess.Administrator)
            .WithName("listFactorsOf").WithSummary("A person's second factors.");
        people.MapPost("/{name}/disable", DisableAsync).For(ApiAccess.Administrator, freshStepUp: true)
            .WithName("disablePerson").WithSummary("Ends sessions, access tokens, grants, held and running commands within a second.");
        people.MapPost("/{name}/enable", EnableAsync).For(ApiAccess.Administrator, freshStepUp: true)
            .WithName("enablePerson").WithSummary("Lets a disabled person in again.");
        people.MapPost("/{name}/unlock", UnlockAsync).For(ApiAccess.Administrator, freshStepUp: true)
            .WithName("unlockPerson").WithSummary("Lifts locks on password and factors.");
        people.MapPut("/{name}/email", SetEmailAsync).For(ApiAccess.Administrator, freshStepUp: true)
            .WithName("setEmailOf").WithSummary("Another email address for a person, at once; both addresses are told, and approval by email ends.");
        people.MapPost("/{name}/reset-factors", ResetAsync).For(ApiAccess.Administrator, freshStepUp: true)
            .WithName("resetFactors").WithSummary("Removes every factor; the person sets up anew at the next sign-in.");
        people.MapPost("/{name}/totp", AddTotpAsync).For(ApiAccess.LocalAdministrator)
            .WithName("addTotpFor").WithSummary("An authenticator app for a person with no factor yet. Only on the gateway's own machine.");
    }

    private static async Task<Ok<IReadOnlyList<PersonView>>> ListAsync(IPeople people, CancellationToken cancellation)
    {
        IReadOnlyList<PersonView> views = [.. (await people.ListAsync(cancellation)).Select(PersonView.Of)];
        return TypedResults.Ok(views);
    }

    private static async Task<Results<Created<PersonView>, ProblemHttpResult>> AddAsync(
        NewPersonInput input, Caller caller, IPeople people, CancellationToken cancellation)
    {
        var result = await people.AddAsync(input.Name, input.Email, input.Password, input.Administrator, caller.Actor, cancellation);
        return result.Value is { } person ? TypedResults.Created((string?)null, PersonView.Of(person)) : result.Refusal!.ToProblem();
    }

    private static async Task<Results<Ok<PersonView>, ProblemHttpResult>> ShowAsync(string name, IPeople people, CancellationToken cancellation) =>
        await people.FindAsync(name, cancellation) is { } person ? TypedResults.Ok(PersonView.Of(person)) : Problems.NotFound("person");

    private static async Task<Results<Ok<IReadOnlyList<FactorView>>, ProblemHttpResult>> FactorsAsync(string name, IPeople people, CancellationToken cancellation)
    {
        if (await people.FindAsync(name, cancellation) is not { } person)
        {
            return Problems.NotFound("person");
        }

        IReadOnlyList<FactorView> factors = [.. person.Factors.Select(FactorView.Of)];
        return TypedResults.Ok(factors);
    }

    private static async Task<Results<Ok<PersonView>, ProblemHttpResult>> DisableAsync(
        string name, Caller caller, IPeople people, CancellationToken cancellation) =>
        Answer(await people.DisableAsync(name, caller.Actor, cancellation));

    private static async Task<Results<Ok<PersonView>, ProblemHttpResult>> EnableAsync(
        string name, Caller caller, IPeople people, CancellationToken cancellation) =>
        Answer(await people.EnableAsync(name, caller.Actor, cancellation));

    private static async Task<Results<Ok<PersonView>, ProblemHttpResult>> UnlockAsync(
        string name, Caller caller, IPeople people, CancellationToken cancellation) =>
        Answer(await people.UnlockAsync(name, caller.Actor, cancellation));

    private static async Task<Results<Ok<PersonView>, ProblemHttpResult>> SetEmailAsync(
        string name, EmailInput input, Caller caller, [FromServices] EmailAddresses addresses, CancellationToken cancellation) =>
        Answer(await addresses.SetAsync(name, input.Email, caller.Actor, cancellation));

    private static async Task<Results<Ok<PersonView>, ProblemHttpResult>> ResetAsync(
        string name, Caller caller, IFactorEnrolment enrolment, CancellationToken cancellation) =>
        Answer(await enrolment.ResetAsync(name, caller.Actor, cancellation));

    private static async Task<Results<Ok<OtpauthView>, ProblemHttpResult>> AddTotpAsync(
        string name, Caller caller, IFactorEnrolment enrolment, CancellationToken cancellation)
    {
        var result = await enrolment.AddTotpAsync(name, caller.Actor, cancellation);
        return result.Value is { } uri ? TypedResults.Ok(new OtpauthView(uri)) : result.Refusal!.ToProblem();
    }

    private static Results<Ok<PersonView>, ProblemHttpResult> Answer(Result<PersonSummary> result) =>
        result.Value is { } person ? TypedResults.Ok(PersonView.Of(person)) : result.Refusal!.ToProblem();
}
