using Countersign.Server.People;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Countersign.Server.Api;

/// <summary>What guarding against guesses and floods refuses now. Unlocking a person is in <see cref="PeopleResource"/>.</summary>
internal static class LocksResource
{
    public static void Map(RouteGroupBuilder api) =>
        api.MapGet("/locks", ListAsync).For(ApiAccess.Administrator).WithTags("People")
            .WithName("listLocks").WithSummary("What is locked or paused, since when and why, and the attempts of the last 24 hours.");

    private static async Task<Ok<LockReport>> ListAsync(ILocks locks, CancellationToken cancellation) =>
        TypedResults.Ok(await locks.ReadAsync(cancellation));
}
