using Countersign.Server.People;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Countersign.Server.Api;

/// <param name="SteppedUpAt">When a factor was last proven in this session.</param>
internal sealed record MeView(PersonView Person, bool SecondFactorPassed, DateTimeOffset? SteppedUpAt, DateTimeOffset SessionExpires);

internal static class MeResource
{
    public static void Map(RouteGroupBuilder api) =>
        api.MapGet("/me", ShowAsync).For(ApiAccess.Enrolling).WithTags("Session")
            .WithName("me").WithSummary("Who you are, and how this session stands.");

    private static async Task<Results<Ok<MeView>, ProblemHttpResult>> ShowAsync(Caller caller, IPeople people, CancellationToken cancellation) =>
        await people.FindAsync(caller.Person.Id, cancellation) is { } person
            ? TypedResults.Ok(new MeView(PersonView.Of(person), caller.Session!.SecondFactorPassed, caller.Session.SteppedUpAt, caller.Session.ExpiresAt))
            : Problems.NotFound("person");
}
