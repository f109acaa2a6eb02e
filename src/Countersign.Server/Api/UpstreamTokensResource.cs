using Countersign.Server.Proxies;
using Countersign.Server.Upstreams;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Countersign.Server.Api;

/// <param name="Token">Your token or password for the host. Never shown again.</param>
/// <param name="UserName">Your name there; left out, the token goes alone (Bearer).</param>
internal sealed record UpstreamTokenInput(string Token, string? UserName = null);

/// <summary>A person's own tokens for Git hosts that check people themselves: what Git over SSH is shown there with.</summary>
internal static class UpstreamTokensResource
{
    public static void Map(RouteGroupBuilder api)
    {
        var own = api.MapGroup("/upstream-tokens").WithTags("Git host tokens");
        own.MapGet("", ListAsync).For(ApiAccess.Person)
            .WithName("listUpstreamTokens").WithSummary("The Git hosts that want a token of yours, and whether it is kept.");
        own.MapPut("/{upstream}", SetAsync).For(ApiAccess.Person, freshStepUp: true)
            .WithName("setUpstreamToken").WithSummary("Keep your token for a Git host, sealed, for Git over SSH.");
        own.MapDelete("/{upstream}", RemoveAsync).For(ApiAccess.Person)
            .WithName("removeUpstreamToken").WithSummary("Forget your token for a Git host.");
    }

    private static async Task<Ok<IReadOnlyList<UpstreamTokenSummary>>> ListAsync(Caller caller, IUpstreamTokens tokens, CancellationToken cancellation) =>
        TypedResults.Ok(await tokens.ListAsync(caller.Person.Id, cancellation));

    private static async Task<Results<Ok<UpstreamTokenSummary>, ProblemHttpResult>> SetAsync(
        string upstream, UpstreamTokenInput input, Caller caller, HttpContext context, IUpstreamTokens tokens, CancellationToken cancellation)
    {
        var client = RequestOrigin.ClientOf(context);
        var result = await tokens.SetAsync(caller.Person.Id, upstream, input.UserName, input.Token, client, caller.Actor, cancellation);
        return result.Value is { } kept ? TypedResults.Ok(kept) : result.Refusal!.ToProblem(context);
    }

    private static async Task<Results<Ok<UpstreamTokenSummary>, ProblemHttpResult>> RemoveAsync(
        string upstream, Caller caller, IUpstreamTokens tokens, CancellationToken cancellation)
    {
        var result = await tokens.RemoveAsync(caller.Person.Id, upstream, caller.Actor, cancellation);
        return result.Value is { } gone ? TypedResults.Ok(gone) : result.Refusal!.ToProblem();
    }
}
