using System.Text.Json;
using Countersign.Core.Challenges;
using Countersign.Server.Enforcement;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Countersign.Server.Api;

/// <param name="Number">The number in the person's terminal, where it is owed.</param>
/// <param name="Totp">Six digits from the authenticator app.</param>
/// <param name="RecoveryCode">One of the person's recovery codes; it is used up.</param>
/// <param name="Assertion">The browser's AuthenticationResponseJSON for the options of this request.</param>
/// <param name="DuoPasscode">Six to eight digits from Duo Mobile or a token of Duo's.</param>
internal sealed record ApproveInput(
    string? Number = null, string? Totp = null, string? RecoveryCode = null, JsonElement? Assertion = null, string? DuoPasscode = null);

/// <param name="Kind">duo-push or email-approval.</param>
internal sealed record PromptInput(string Kind);

internal static class RequestsResource
{
    private const int Limit = 200;

    public static void Map(RouteGroupBuilder api)
    {
        var requests = api.MapGroup("/requests").WithTags("Requests");
        requests.MapGet("", List).For(ApiAccess.SignedIn)
            .WithName("listRequests").WithSummary("Your requests: what waits first, then the newest. Administrators may ask for everybody's.");
        requests.MapGet("/{id}", Show).For(ApiAccess.SignedIn)
            .WithName("showRequest").WithSummary("One request.");
        requests.MapPost("/{id}/options", OptionsAsync).For(ApiAccess.Person)
            .WithName("requestOptions").WithSummary("Options for navigator.credentials.get, bound to what this request would do.");
        requests.MapPost("/{id}/approve", ApproveAsync).For(ApiAccess.Person)
            .WithName("approveRequest").WithSummary("Approve, with exactly one proof, and the number where it is owed.");
        requests.MapPost("/{id}/prompt", Prompt).For(ApiAccess.Person)
            .WithName("promptRequest").WithSummary("Be asked by a factor that comes to you, now; three times a kind and request.");
        requests.MapPost("/{id}/deny", DeclineAsync).For(ApiAccess.Person)
            .WithName("denyRequest").WithSummary("Deny. Never takes a proof.");
        requests.MapPost("/{id}/report", ReportAsync).For(ApiAccess.Person)
            .WithName("reportRequest").WithSummary("\"This wasn't me\": denies, and revokes the access token that asked.");
    }

    private static Results<Ok<IReadOnlyList<RequestView>>, ProblemHttpResult> List(
        Caller caller, IRequestDesk desk, GatewayOptions options, string? state = null, bool everyone = false)
    {
        if (state is not (null or "pending" or "approved" or "denied" or "expired" or "cancelled" or "spent"))
        {
            return Problems.BadRequest("unknown_state", "state is one of pending, approved, denied, expired, cancelled, spent.");
        }

        if (everyone && !caller.IsAdministrator)
        {
            return Problems.Of(403, "administrator_required", "Only an administrator may see everybody's requests.");
        }

        var challenges = everyone || caller.IsLocalAdministrator ? desk.ListAll(Limit) : desk.List(caller.Person.Id, Limit);
        IReadOnlyList<RequestView> views =
        [
            .. challenges
                .Where(challenge => state is null || RequestView.StateOf(challenge) == state)
                .OrderBy(challenge => challenge.State is ChallengeState.Pending ? 0 : 1)
                .ThenByDescending(challenge => challenge.CreatedAt)
                .Select(challenge => RequestView.Of(challenge, options.Url)),
        ];
        return TypedResults.Ok(views);
    }

    private static Results<Ok<RequestView>, ProblemHttpResult> Show(string id, Caller caller, IRequestDesk desk, GatewayOptions options) =>
        ChallengeId.TryParse(id, out var key)
        && desk.Find(key) is { } challenge
        && (caller.IsAdministrator || challenge.PrincipalId == caller.Person.Id)
            ? TypedResults.Ok(RequestView.Of(challenge, options.Url, challenge.PrincipalId == caller.Session?.Principal.Id ? desk.SaidOf(key) : [])) // what is said may be what its owner has to type
            : Problems.NotFound("request");

    private static Results<Ok<RequestView>, ProblemHttpResult> Prompt(string id, PromptInput input, Caller caller, IRequestDesk desk, GatewayOptions options)
    {
        if (Words.ParseFactor(input.Kind) is not { } kind)
        {
            return Problems.BadRequest("unknown_kind", "kind is duo-push or email-approval.");
        }

        if (!ChallengeId.TryParse(id, out var key) || desk.Find(key) is not { } challenge || challenge.PrincipalId != caller.Person.Id)
        {
            return Problems.NotFound("request");
        }

        return desk.Ask(caller.Person, challenge, kind) switch
        {
            AskOutcome.Begun => TypedResults.Ok(RequestView.Of(challenge, options.Url, desk.SaidOf(key))),
            AskOutcome.OnItsWay => Problems.Of(409, "prompt_already", "You are being asked that way already."),
            AskOutcome.TooOften => Problems.Of(409, "prompt_limit", $"You were asked that way {PromptRound.MostOfAKind} times about this request. Take another way, or run the command again."),
            AskOutcome.Settled => Answer(new(ApprovalOutcome.AlreadySettled, desk.Find(key))),
            _ => Problems.Of(403, "factor_not_accepted", "You have not set that up, or the rules do not accept it here."),
        };

        static ProblemHttpResult Answer(ApprovalResult settled) => settled.Challenge is { } now
            ? Problems.Of(409, "already_settled", $"The request is {RequestView.StateOf(now)} already.", ("state", RequestView.StateOf(now)))
            : Problems.NotFound("request");
    }

    private static async Task<Results<Ok<JsonElement>, ProblemHttpResult>> OptionsAsync(
        string id, Caller caller, IRequestDesk desk, CancellationToken cancellation) =>
        ChallengeId.TryParse(id, out var key) && await desk.AssertionOptionsAsync(caller.Person, key, cancellation) is { } json
            ? TypedResults.Ok(JsonText.Element(json))
            : Problems.NotFound("request");

    private static async Task<Results<Ok<RequestView>, ProblemHttpResult>> ApproveAsync(
        string id, ApproveInput input, HttpContext context, Caller caller, IRequestDesk desk, GatewayOptions options, TimeProvider clock, CancellationToken cancellation)
    {
        if (!ChallengeId.TryParse(id, out var key))
        {
            return Problems.NotFound("request");
        }

        if (Malformed(input) is { } problem)
        {
            return problem;
        }

        var proof = new ApprovalInput(input.Number, input.Totp, input.RecoveryCode, JsonText.Of(input.Assertion), input.DuoPasscode);
        var result = await desk.ApproveAsync(caller.Person, key, proof, cancellation);
        return Answer(result, context, options, clock);
    }

    private static Task<Results<Ok<RequestView>, ProblemHttpResult>> DeclineAsync(
        string id, HttpContext context, Caller caller, IRequestDesk desk, GatewayOptions options, TimeProvider clock, CancellationToken cancellation) =>
        DenyAsync(id, reported: false, context, caller, desk, options, clock, cancellation);

    private static Task<Results<Ok<RequestView>, ProblemHttpResult>> ReportAsync(
        string id, HttpContext context, Caller caller, IRequestDesk desk, GatewayOptions options, TimeProvider clock, CancellationToken cancellation) =>
        DenyAsync(id, reported: true, context, caller, desk, options, clock, cancellation);

    private static async Task<Results<Ok<RequestView>, ProblemHttpResult>> DenyAsync(
        string id, bool reported, HttpContext context, Caller caller, IRequestDesk desk, GatewayOptions options, TimeProvider clock, CancellationToken cancellation) =>
        ChallengeId.TryParse(id, out var key)
            ? Answer(await desk.DenyAsync(caller.Person, key, reported, cancellation), context, options, clock)
            : Problems.NotFound("request");

    private static ProblemHttpResult? Malformed(ApproveInput input)
    {
        if (input.Number is { } number && !Codes.IsNumber(number))
        {
            return Problems.BadRequest("malformed_number", "number is the two or six digits in your terminal.");
        }

        if (input.Assertion is { ValueKind: not JsonValueKind.Object })
        {
            return Problems.BadRequest("malformed_assertion", "assertion is the browser's AuthenticationResponseJSON, an object.");
        }

        return input.Assertion is not null && (input.Totp ?? input.RecoveryCode ?? input.DuoPasscode) is not null
            ? Problems.BadRequest("one_proof", "Send one proof: totp, recoveryCode, duoPasscode or assertion.")
            : Codes.Check(input.Totp, input.RecoveryCode, input.DuoPasscode);
    }

    private static Results<Ok<RequestView>, ProblemHttpResult> Answer(ApprovalResult result, HttpContext context, GatewayOptions options, TimeProvider clock) =>
        result switch
        {
            { Outcome: ApprovalOutcome.Done or ApprovalOutcome.NumberTaken, Challenge: { } challenge } => TypedResults.Ok(RequestView.Of(challenge, options.Url)),
            { Outcome: ApprovalOutcome.AlreadySettled, Challenge: { } challenge } => Problems.Of(
                409, "already_settled", $"The request is {RequestView.StateOf(challenge)} already.", ("state", RequestView.StateOf(challenge))),
            { Outcome: ApprovalOutcome.NumberOwed } => Problems.BadRequest("number_owed", "This request also takes the number in your terminal."),
            { Outcome: ApprovalOutcome.NumberWrong } => Problems.Of(403, "number_wrong", "That is not the number in the terminal; after three wrong ones the request is denied."),
            { Outcome: ApprovalOutcome.ProofOwed } => Problems.BadRequest("proof_owed", "Send one proof: totp, recoveryCode, duoPasscode or assertion."),
            { Outcome: ApprovalOutcome.ProofRefused } => Problems.Of(403, "proof_refused", "The proof was not accepted: wrong, too old, or used before."),
            { Outcome: ApprovalOutcome.ProofDelayed } => Problems.TooMany(context, "proof_delayed", "Too many failures: wait, then try again.", result.RetryAt - clock.GetUtcNow()),
            { Outcome: ApprovalOutcome.ProofLocked } => Problems.TooMany(context, "proof_locked", "This factor is locked after too many failures; use a passkey, or ask an administrator to unlock it.", result.RetryAt - clock.GetUtcNow()),
            { Outcome: ApprovalOutcome.FactorUnavailable } => Problems.Of(503, "factor_unavailable", "Whoever verifies this proof does not answer: use another, or try again in a minute."),
            { Outcome: ApprovalOutcome.FactorNotSetUp } => Problems.Of(403, "factor_not_set_up", "You have not set up this kind of factor."),
            { Outcome: ApprovalOutcome.FactorNotAccepted } => Problems.Of(403, "factor_not_accepted", "The rules ask for another factor here; the request's requirement says which."),
            _ => Problems.NotFound("request"),
        };
}
