using System.Text.Json;
using Countersign.Server.People;
using Countersign.Server.Proxies;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Countersign.Server.Api;

/// <param name="Options">For navigator.credentials.get.</param>
/// <param name="Ceremony">To hand back with the assertion.</param>
internal sealed record CeremonyView(JsonElement Options, string Ceremony);

internal sealed record PasskeySignInInput(string Ceremony, JsonElement Assertion);

/// <summary>Sign-in by passkey alone.</summary>
internal static class SignInResource
{
    public static void Map(RouteGroupBuilder api)
    {
        var passkey = api.MapGroup("/sign-in/passkey").WithTags("Session");
        passkey.MapPost("/options", OptionsAsync).For(ApiAccess.Anyone)
            .WithName("passkeySignInOptions").WithSummary("Options for signing in with any passkey of this gateway.");
        passkey.MapPost("", SignInAsync).For(ApiAccess.Anyone)
            .WithName("passkeySignIn").WithSummary("Sign in with a passkey alone.");
    }

    private static async Task<Ok<CeremonyView>> OptionsAsync(ISignIn signIn, CancellationToken cancellation)
    {
        var (options, ceremony) = await signIn.PasskeyOptionsAsync(cancellation);
        return TypedResults.Ok(new CeremonyView(JsonText.Element(options), ceremony));
    }

    private static async Task<Results<Ok<SessionView>, ProblemHttpResult>> SignInAsync(
        PasskeySignInInput input, HttpContext context, ISignIn signIn, ISessions sessions, CancellationToken cancellation)
    {
        if (JsonText.Of(input.Assertion) is not { } assertion)
        {
            return Problems.BadRequest("malformed_assertion", "assertion is the browser's AuthenticationResponseJSON, an object.");
        }

        var result = await signIn.PasskeyAsync(input.Ceremony, assertion, RequestOrigin.ClientOf(context), cancellation);
        return result.Value is { } start
            ? TypedResults.Ok(await SessionResource.OpenAsync(context, sessions, start, cancellation))
            : result.Refusal!.ToProblem(context, StatusCodes.Status401Unauthorized);
    }
}
