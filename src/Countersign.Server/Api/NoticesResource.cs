using Countersign.Server.People;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Countersign.Server.Api;

/// <summary>What a person is told besides the page that is open: a factor added, a recovery code used, a lock, a report.</summary>
internal static class NoticesResource
{
    public static void Map(RouteGroupBuilder api)
    {
        var notices = api.MapGroup("/notices").WithTags("Notices");
        notices.MapGet("", ListAsync).For(ApiAccess.Person)
            .WithName("listNotices").WithSummary("What you should know and have not dismissed, newest first.");
        notices.MapDelete("/{id}", DismissAsync).For(ApiAccess.Person)
            .WithName("dismissNotice").WithSummary("Dismiss a notice.");
    }

    private static async Task<Ok<IReadOnlyList<Notice>>> ListAsync(Caller caller, INotices notices, CancellationToken cancellation) =>
        TypedResults.Ok(await notices.ListAsync(caller.Person.Id, cancellation));

    private static async Task<NoContent> DismissAsync(string id, Caller caller, INotices notices, CancellationToken cancellation)
    {
        await notices.DismissAsync(caller.Person.Id, id, cancellation);
        return TypedResults.NoContent();
    }
}
