using Countersign.Core.Identities;
using Countersign.Server.People;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Countersign.Server.Api;

/// <param name="Label">Your name for it; the approval page shows it.</param>
/// <param name="Days">How long it works.</param>
internal sealed record TokenInput(string Label, int Days = 90);

/// <param name="Token">Shown once. The password for Git over HTTPS.</param>
internal sealed record NewTokenView(string Token, TokenSummary Details);

/// <summary>Personal access tokens: the first factor of Git over HTTPS.</summary>
internal static class TokensResource
{
    public static void Map(RouteGroupBuilder api)
    {
        var own = api.MapGroup("/tokens").WithTags("Access tokens");
        own.MapGet("", ListOwnAsync).For(ApiAccess.Person)
            .WithName("listTokens").WithSummary("Your access tokens.");
        own.MapPost("", AddOwnAsync).For(ApiAccess.Person, freshStepUp: true)
            .WithName("addToken").WithSummary("A new access token, shown once.");
        own.MapDelete("/{id}", RevokeOwnAsync).For(ApiAccess.Person)
            .WithName("revokeToken").WithSummary("Revoke an access token.");
        var theirs = api.MapGroup("/people/{name}/tokens").WithTags("People");
        theirs.MapGet("", ListTheirsAsync).For(ApiAccess.Administrator)
            .WithName("listTokensOf").WithSummary("A person's access tokens.");
        theirs.MapPost("", AddTheirsAsync).For(ApiAccess.LocalAdministrator)
            .WithName("addTokenFor").WithSummary("A new access token for a person, shown once. Only on the gateway's own machine.");
        theirs.MapDelete("/{id}", RevokeTheirsAsync).For(ApiAccess.Administrator, freshStepUp: true)
            .WithName("revokeTokenOf").WithSummary("Revoke a person's access token.");
    }

    private static Task<Results<Ok<IReadOnlyList<TokenSummary>>, ProblemHttpResult>> ListOwnAsync(Caller caller, IAccessTokens tokens, CancellationToken cancellation) =>
        ListAsync(caller.Person.Id, tokens, cancellation);

    private static Task<Results<Created<NewTokenView>, ProblemHttpResult>> AddOwnAsync(
        TokenInput input, Caller caller, IAccessTokens tokens, CancellationToken cancellation) =>
        AddAsync(caller.Person.Id, input, caller, tokens, cancellation);

    private static Task<Results<Ok<TokenSummary>, ProblemHttpResult>> RevokeOwnAsync(
        string id, Caller caller, IAccessTokens tokens, CancellationToken cancellation) =>
        RevokeAsync(caller.Person.Id, id, caller, tokens, cancellation);

    private static async Task<Results<Ok<IReadOnlyList<TokenSummary>>, ProblemHttpResult>> ListTheirsAsync(
        string name, IPeople people, IAccessTokens tokens, CancellationToken cancellation) =>
        await people.FindAsync(name, cancellation) is { } person ? await ListAsync(person.Id, tokens, cancellation) : Problems.NotFound("person");

    private static async Task<Results<Created<NewTokenView>, ProblemHttpResult>> AddTheirsAsync(
        string name, TokenInput input, Caller caller, IPeople people, IAccessTokens tokens, CancellationToken cancellation) =>
        await people.FindAsync(name, cancellation) is { } person
            ? await AddAsync(person.Id, input, caller, tokens, cancellation)
            : Problems.NotFound("person");

    private static async Task<Results<Ok<TokenSummary>, ProblemHttpResult>> RevokeTheirsAsync(
        string name, string id, Caller caller, IPeople people, IAccessTokens tokens, CancellationToken cancellation) =>
        await people.FindAsync(name, cancellation) is { } person
            ? await RevokeAsync(person.Id, id, caller, tokens, cancellation)
            : Problems.NotFound("person");

    private static async Task<Results<Ok<IReadOnlyList<TokenSummary>>, ProblemHttpResult>> ListAsync(
        PrincipalId owner, IAccessTokens tokens, CancellationToken cancellation) =>
        TypedResults.Ok(await tokens.ListAsync(owner, cancellation));

    private static async Task<Results<Created<NewTokenView>, ProblemHttpResult>> AddAsync(
        PrincipalId owner, TokenInput input, Caller caller, IAccessTokens tokens, CancellationToken cancellation)
    {
        var result = await tokens.AddAsync(owner, input.Label, input.Days, caller.Actor, cancellation);
        return result.Refusal is { } refusal
            ? refusal.ToProblem()
            : TypedResults.Created((string?)null, new NewTokenView(result.Value.Secret, result.Value.Token));
    }

    private static async Task<Results<Ok<TokenSummary>, ProblemHttpResult>> RevokeAsync(
        PrincipalId owner, string id, Caller caller, IAccessTokens tokens, CancellationToken cancellation)
    {
        var result = await tokens.RevokeAsync(owner, id, caller.Actor, cancellation);
        return result.Value is { } token ? TypedResults.Ok(token) : result.Refusal!.ToProblem();
    }
}
