using System.Text.Json;
using Countersign.Server.People;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Countersign.Server.Api;

/// <param name="Name">Your name for it.</param>
/// <param name="Attestation">The browser's RegistrationResponseJSON.</param>
internal sealed record PasskeyInput(string Name, JsonElement Attestation);

/// <param name="OtpauthUri">For the authenticator app, as text or QR picture.</param>
/// <param name="Secret">The same, to type.</param>
internal sealed record TotpView(string OtpauthUri, string Secret);

/// <param name="Code">Six digits that the app shows now.</param>
/// <param name="Name">Your name for it.</param>
internal sealed record TotpConfirmInput(string Code, string Name = "Authenticator app");

/// <param name="RecoveryCodes">Ten, shown once, with the first factor; empty later.</param>
/// <param name="Session">With the first factor: the session's new token; the old one has stopped working.</param>
internal sealed record EnrolledView(FactorView Factor, IReadOnlyList<string> RecoveryCodes, SessionView? Session);

/// <summary>Adding passkeys and authenticator apps.</summary>
internal static class EnrolmentResource
{
    public static void Map(RouteGroupBuilder api)
    {
        var passkeys = api.MapGroup("/passkeys").WithTags("Factors");
        passkeys.MapPost("/options", PasskeyOptionsAsync).For(ApiAccess.Enrolling, freshStepUp: true)
            .WithName("passkeyOptions").WithSummary("Options for navigator.credentials.create.");
        passkeys.MapPost("", AddPasskeyAsync).For(ApiAccess.Enrolling, freshStepUp: true)
            .WithName("addPasskey").WithSummary("Add the passkey that the browser has made.");
        var totp = api.MapGroup("/totp").WithTags("Factors");
        totp.MapPost("", BeginTotpAsync).For(ApiAccess.Enrolling, freshStepUp: true)
            .WithName("beginTotp").WithSummary("Start an authenticator app; it counts once a code of it is confirmed.");
        totp.MapPost("/confirm", ConfirmTotpAsync).For(ApiAccess.Enrolling, freshStepUp: true)
            .WithName("confirmTotp").WithSummary("Confirm the authenticator app by a code of it.");
    }

    private static async Task<Results<Ok<JsonElement>, ProblemHttpResult>> PasskeyOptionsAsync(
        Caller caller, IPeople people, IFactorEnrolment enrolment, CancellationToken cancellation) =>
        await OvertakenAsync(caller, people, cancellation) is { } problem
            ? problem
            : TypedResults.Ok(JsonText.Element(await enrolment.PasskeyOptionsAsync(caller.Person.Id, cancellation)));

    private static async Task<Results<Ok<EnrolledView>, ProblemHttpResult>> AddPasskeyAsync(
        PasskeyInput input, HttpContext context, Caller caller, IPeople people, IFactorEnrolment enrolment, ISessions sessions, CancellationToken cancellation)
    {
        if (JsonText.Of(input.Attestation) is not { } attestation)
        {
            return Problems.BadRequest("malformed_attestation", "attestation is the browser's RegistrationResponseJSON, an object.");
        }

        if (await OvertakenAsync(caller, people, cancellation) is { } problem)
        {
            return problem;
        }

        var result = await enrolment.AddPasskeyAsync(caller.Person.Id, attestation, input.Name, caller.Actor, cancellation);
        return result.Refusal is { } refusal
            ? refusal.ToProblem()
            : TypedResults.Ok(await EnrolledAsync(context, caller, result.Value, sessions, cancellation));
    }

    private static async Task<Results<Ok<TotpView>, ProblemHttpResult>> BeginTotpAsync(
        Caller caller, IPeople people, IFactorEnrolment enrolment, CancellationToken cancellation)
    {
        if (await OvertakenAsync(caller, people, cancellation) is { } problem)
        {
            return problem;
        }

        var (uri, secret) = await enrolment.BeginTotpAsync(caller.Person.Id, cancellation);
        return TypedResults.Ok(new TotpView(uri, secret));
    }

    private static async Task<Results<Ok<EnrolledView>, ProblemHttpResult>> ConfirmTotpAsync(
        TotpConfirmInput input, HttpContext context, Caller caller, IPeople people, IFactorEnrolment enrolment, ISessions sessions, CancellationToken cancellation)
    {
        if (!Codes.IsTotp(input.Code))
        {
            return Problems.BadRequest("malformed_code", "code is six digits.");
        }

        if (await OvertakenAsync(caller, people, cancellation) is { } problem)
        {
            return problem;
        }

        var result = await enrolment.ConfirmTotpAsync(caller.Person.Id, input.Code, input.Name, caller.Actor, cancellation);
        return result.Refusal is { } refusal
            ? refusal.ToProblem()
            : TypedResults.Ok(await EnrolledAsync(context, caller, result.Value, sessions, cancellation));
    }

    /// <summary>
    /// A session that has passed no second factor may set up the first one, and only the first: when a factor has come to be
    /// elsewhere meanwhile, a password alone must not add another.
    /// </summary>
    public static async Task<ProblemHttpResult?> OvertakenAsync(Caller caller, IPeople people, CancellationToken cancellation) =>
        !caller.Session!.SecondFactorPassed && await people.FindAsync(caller.Person.Id, cancellation) is not { Factors.Count: 0 }
            ? Problems.Of(403, "second_factor_required", "Two-step verification is set up already: sign in again with it.")
            : null;

    public static async Task<EnrolledView> EnrolledAsync(
        HttpContext context, Caller caller, (FactorSummary Factor, IReadOnlyList<string> RecoveryCodes) added, ISessions sessions, CancellationToken cancellation)
    {
        // Who has just proven the first factor has passed it: the session goes on under a new secret.
        var session = caller.Session!.SecondFactorPassed
            ? null
            : SessionResource.Hand(context, caller.IsPage, await sessions.RotateAsync(caller.Secret!, steppedUp: true, cancellation), caller.Session.ExpiresAt, mustSetUp: false);
        return new(FactorView.Of(added.Factor), added.RecoveryCodes, session);
    }
}
