using Countersign.Server.Factors.EmailApproval;
using Countersign.Server.Web.Security;
using Microsoft.AspNetCore.Mvc;

namespace Countersign.Server.Web.Pages;

/// <summary>Switches approval by email on, once a code has come back from the address.</summary>
[FreshProof]
internal sealed class EmailApprovalModel(EmailEnrolment enrolment) : SignedInPage
{
    /// <summary>Where a code went; null before one was asked for.</summary>
    public string? SentTo { get; private set; }

    public IActionResult OnGet() => enrolment.IsOffered ? Page() : NotFound();

    public async Task<IActionResult> OnPostSendAsync()
    {
        var sent = await enrolment.BeginAsync(Me.Id);
        (SentTo, Trouble) = (sent.Value, sent.Refusal?.Message);
        return Page();
    }

    public async Task<IActionResult> OnPostConfirmAsync(string? code)
    {
        var result = await enrolment.ConfirmAsync(Me.Id, (code ?? "").Replace(" ", "", StringComparison.Ordinal), Me.Name);
        if (result.Refusal is { } refusal)
        {
            (SentTo, Trouble) = ("your address", refusal.Message);
            return Page();
        }

        await HttpContext.RenewSessionAsync(steppedUp: false);
        return Done("/security", "email-on");
    }
}
