using System.Text.Json;
using Countersign.Server.People;
using Countersign.Server.Proxies;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Countersign.Server.Api;

/// <param name="Totp">Six digits from the authenticator app; not taken from a person who has a passkey.</param>
/// <param name="RecoveryCode">One of the recovery codes; it is used up.</param>
/// <param name="Assertion">The browser's AuthenticationResponseJSON for the options of this session.</param>
/// <param name="DuoPasscode">Six to eight digits from Duo Mobile or a token of Duo's; not taken from a person who has a passkey.</param>
internal sealed record StepUpInput(string? Totp = null, string? RecoveryCode = null, JsonElement? Assertion = null, string? DuoPasscode = null);

/// <summary>A fresh proof within a session: before factors, people or the policy change.</summary>
internal static class StepUpResource
{
    public static void Map(RouteGroupBuilder api)
    {
        var stepUp = api.MapGroup("/step-up").WithTags("Session");
        stepUp.MapPost("/options", OptionsAsync).For(ApiAccess.Person)
            .WithName("stepUpOptions").WithSummary("Options for proving a passkey again in this session.");
        stepUp.MapPost("", ProveAsync).For(ApiAccess.Person)
            .WithName("stepUp").WithSummary("Prove a factor again. The session gets a new token; the old one stops working.");
    }

    private static async Task<Ok<JsonElement>> OptionsAsync(Caller caller, ISignIn signIn, CancellationToken cancellation) =>
        TypedResults.Ok(JsonText.Element(await signIn.StepUpOptionsAsync(caller.Person.Id, caller.Session!.Key, cancellation)));

    private static async Task<Results<Ok<SessionView>, ProblemHttpResult>> ProveAsync(
        StepUpInput input, HttpContext context, Caller caller, ISignIn signIn, ISessions sessions, CancellationToken cancellation)
    {
        var assertion = JsonText.Of(input.Assertion);
        if (Codes.Check(input.Totp, input.RecoveryCode, input.DuoPasscode) is { } problem)
        {
            return problem;
        }

        var code = input.Totp ?? input.RecoveryCode ?? input.DuoPasscode;
        if (assertion is null == code is null)
        {
            return Problems.BadRequest("one_proof", "Send one proof: totp, recoveryCode, duoPasscode or assertion.");
        }

        var result = await signIn.StepUpAsync(caller.Person.Id, caller.Session!.Key, code, assertion, RequestOrigin.ClientOf(context), cancellation);
        if (result.Refusal is { } refusal)
        {
            return refusal.ToProblem(context);
        }

        var secret = await sessions.RotateAsync(caller.Secret!, steppedUp: true, cancellation);
        return TypedResults.Ok(SessionResource.Hand(context, caller.IsPage, secret, caller.Session.ExpiresAt, mustSetUp: false));
    }
}
