using Countersign.Server.Factors.DuoPush;
using Countersign.Server.People;
using Countersign.Server.Proxies;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Countersign.Server.Api;

/// <param name="Id">To choose it by.</param>
/// <param name="Name">As Duo calls it.</param>
internal sealed record DuoDeviceView(string Id, string Name);

/// <param name="UserName">The name that Duo knows you by.</param>
/// <param name="Devices">Those that take a push; none until you are enrolled at Duo.</param>
/// <param name="MustEnrol">Enrol at Duo first, then begin again.</param>
/// <param name="EnrolLink">Where, if Duo says it.</param>
internal sealed record DuoOfferView(string UserName, IReadOnlyList<DuoDeviceView> Devices, bool MustEnrol, Uri? EnrolLink);

/// <param name="Device">One of those offered.</param>
internal sealed record DuoPushInput(string Device);

/// <param name="State">choosing, waiting, approved, declined or failed.</param>
/// <param name="Device">Where the push went; null while choosing.</param>
/// <param name="Code">The number to type in Duo Mobile; null where a tap is enough.</param>
/// <param name="Why">In words, when it failed.</param>
internal sealed record DuoTrialView(string State, string? Device, string? Code, string Why)
{
    public static DuoTrialView Of(DuoTrial trial) => new(trial.State.ToString().ToLowerInvariant(), trial.Device?.Name, trial.Code, trial.Why);
}

/// <param name="Name">Your name for it; as the device is called unless given.</param>
internal sealed record DuoConfirmInput(string? Name = null);

/// <summary>Adding Duo Push, and choosing another device for it.</summary>
internal static class DuoResource
{
    private static readonly Refusal NotConfigured = new("no_such_duo", "This gateway does not use Duo.");

    public static void Map(RouteGroupBuilder api)
    {
        var duo = api.MapGroup("/duo").WithTags("Factors");
        duo.MapPost("", BeginAsync).For(ApiAccess.Enrolling, freshStepUp: true)
            .WithName("beginDuo").WithSummary("Start Duo Push: what Duo offers you. It counts once a push was approved and confirmed.");
        duo.MapPost("/push", PushAsync).For(ApiAccess.Enrolling, freshStepUp: true)
            .WithName("pushDuo").WithSummary("Send a push to one of the devices; approve it there.");
        duo.MapGet("", Show).For(ApiAccess.Enrolling)
            .WithName("showDuo").WithSummary("What came of the push.");
        duo.MapPost("/confirm", ConfirmAsync).For(ApiAccess.Enrolling, freshStepUp: true)
            .WithName("confirmDuo").WithSummary("Take the device into use after its push was approved.");
    }

    private static async Task<Results<Ok<DuoOfferView>, ProblemHttpResult>> BeginAsync(
        HttpContext context, Caller caller, IPeople people, CancellationToken cancellation, [FromServices] DuoEnrolment? duo = null)
    {
        if (duo is null)
        {
            return NotConfigured.ToProblem();
        }

        if (await EnrolmentResource.OvertakenAsync(caller, people, cancellation) is { } problem)
        {
            return problem;
        }

        var result = await duo.BeginAsync(caller.Person.Id, caller.Session!.Key, RequestOrigin.ClientOf(context), cancellation);
        return result.Value is { } offer
            ? TypedResults.Ok(new DuoOfferView(offer.UserName, [.. offer.Devices.Select(device => new DuoDeviceView(device.Id, device.Name))], offer.MustEnrol, offer.EnrolLink))
            : result.Refusal!.ToProblem(context);
    }

    private static async Task<Results<Ok<DuoTrialView>, ProblemHttpResult>> PushAsync(
        DuoPushInput input, HttpContext context, Caller caller, IPeople people, CancellationToken cancellation, [FromServices] DuoEnrolment? duo = null)
    {
        if (duo is null)
        {
            return NotConfigured.ToProblem();
        }

        if (await EnrolmentResource.OvertakenAsync(caller, people, cancellation) is { } problem)
        {
            return problem;
        }

        var result = await duo.PushAsync(caller.Person.Id, caller.Session!.Key, input.Device, RequestOrigin.ClientOf(context));
        return result.Value is { } trial ? TypedResults.Ok(DuoTrialView.Of(trial)) : result.Refusal!.ToProblem(context);
    }

    private static Results<Ok<DuoTrialView>, ProblemHttpResult> Show(Caller caller, [FromServices] DuoEnrolment? duo = null) =>
        duo?.TrialOf(caller.Person.Id, caller.Session!.Key) is { } trial ? TypedResults.Ok(DuoTrialView.Of(trial)) : Problems.NotFound("enrolment");

    private static async Task<Results<Ok<EnrolledView>, ProblemHttpResult>> ConfirmAsync(
        DuoConfirmInput input, HttpContext context, Caller caller, IPeople people, IFactorEnrolment enrolment, ISessions sessions, CancellationToken cancellation)
    {
        if (await EnrolmentResource.OvertakenAsync(caller, people, cancellation) is { } problem)
        {
            return problem;
        }

        var result = await enrolment.ConfirmDuoAsync(caller.Person.Id, caller.Session!.Key, input.Name, caller.Actor, cancellation);
        return result.Refusal is { } refusal
            ? refusal.ToProblem()
            : TypedResults.Ok(await EnrolmentResource.EnrolledAsync(context, caller, result.Value, sessions, cancellation));
    }
}
