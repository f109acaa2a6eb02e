using Countersign.Server.Factors.EmailApproval;
using Countersign.Server.Mail;
using Countersign.Server.People;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;

namespace Countersign.Server.Api;

/// <param name="Email">The new address.</param>
internal sealed record EmailInput(string Email);

/// <param name="Code">Six digits from the mail.</param>
internal sealed record EmailCodeInput(string Code);

/// <param name="SentTo">Where a code went; null where none is needed and the address is changed.</param>
internal sealed record EmailSentView(string? SentTo);

/// <param name="Email">The address as it is now.</param>
internal sealed record EmailView(string Email);

/// <param name="Configured">The gateway sends mail.</param>
/// <param name="Ok">Its mail server let it in just now.</param>
/// <param name="Detail">Why not, or where.</param>
/// <param name="Waiting">Mails that are yet to be sent.</param>
internal sealed record MailCheckView(bool Configured, bool Ok, string Detail, int Waiting);

/// <summary>The person's email address, approving by mail, and whether mail works.</summary>
internal static class EmailResource
{
    public static void Map(RouteGroupBuilder api)
    {
        var email = api.MapGroup("/me/email").WithTags("Email");
        email.MapPost("", ChangeAsync).For(ApiAccess.Person, freshStepUp: true)
            .WithName("changeEmail").WithSummary("Send a code to a new address; where the gateway sends no mail, take it at once.");
        email.MapPost("/confirm", ConfirmChangeAsync).For(ApiAccess.Person, freshStepUp: true)
            .WithName("confirmEmail").WithSummary("Take the address that the code was sent to. Both addresses are told; approval by email ends.");
        var approval = api.MapGroup("/me/email-approval").WithTags("Email");
        approval.MapPost("", BeginAsync).For(ApiAccess.Person, freshStepUp: true)
            .WithName("beginEmailApproval").WithSummary("Send a code to your address, to approve by email from then on. Needs another factor first.");
        approval.MapPost("/confirm", ConfirmAsync).For(ApiAccess.Person, freshStepUp: true)
            .WithName("confirmEmailApproval").WithSummary("Switch approval by email on by the code. Off again: DELETE /api/v1/factors/{id}.");
        api.MapPost("/mail/check", CheckAsync).For(ApiAccess.Administrator).WithTags("Instance")
            .WithName("checkMail").WithSummary("Whether the mail server lets the gateway in. Sends nothing.");
    }

    private static async Task<Results<Ok<EmailSentView>, ProblemHttpResult>> ChangeAsync(EmailInput input, HttpContext context, Caller caller, [FromServices] EmailAddresses addresses) =>
        await addresses.BeginAsync(caller.Person.Id, input.Email, caller.Actor) is { } refusal
            ? refusal.ToProblem(context)
            : TypedResults.Ok(new EmailSentView(addresses.MustConfirm ? input.Email : null));

    private static async Task<Results<Ok<EmailView>, ProblemHttpResult>> ConfirmChangeAsync(EmailCodeInput input, HttpContext context, Caller caller, [FromServices] EmailAddresses addresses)
    {
        var result = await addresses.ConfirmAsync(caller.Person.Id, input.Code, caller.Actor);
        return result.Value is { } address ? TypedResults.Ok(new EmailView(address)) : result.Refusal!.ToProblem(context);
    }

    private static async Task<Results<Ok<EmailSentView>, ProblemHttpResult>> BeginAsync(HttpContext context, Caller caller, [FromServices] EmailEnrolment enrolment)
    {
        var result = await enrolment.BeginAsync(caller.Person.Id);
        return result.Value is { } address ? TypedResults.Ok(new EmailSentView(address)) : result.Refusal!.ToProblem(context);
    }

    private static async Task<Results<Ok<FactorView>, ProblemHttpResult>> ConfirmAsync(EmailCodeInput input, HttpContext context, Caller caller, [FromServices] EmailEnrolment enrolment)
    {
        var result = await enrolment.ConfirmAsync(caller.Person.Id, input.Code, caller.Actor);
        return result.Value is { } factor ? TypedResults.Ok(FactorView.Of(factor)) : result.Refusal!.ToProblem(context);
    }

    private static async Task<Ok<MailCheckView>> CheckAsync([FromServices] MailSender sender, [FromServices] Outbox outbox, IOptions<MailOptions> options, CancellationToken cancellation)
    {
        if (!outbox.IsOpen)
        {
            return TypedResults.Ok(new MailCheckView(false, false, "no Mail:Host is set", outbox.Count()));
        }

        var why = await sender.CheckAsync(cancellation);
        var (where, waiting) = ($"{options.Value.Host}:{options.Value.Port}", outbox.Count());
        var detail = why is null ? $"{where} lets the gateway in; {waiting} mails wait" : $"{where} cannot be used: {why}; {waiting} mails wait";
        return TypedResults.Ok(new MailCheckView(true, why is null, detail, waiting));
    }
}
