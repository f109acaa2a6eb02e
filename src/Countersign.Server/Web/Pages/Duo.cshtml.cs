using Countersign.Server.Factors.DuoPush;
using Countersign.Server.People;
using Countersign.Server.Proxies;
using Countersign.Server.Web.Security;
using Microsoft.AspNetCore.Mvc;

namespace Countersign.Server.Web.Pages;

/// <summary>Adds Duo Push, or sends it to another device: choose one, approve the push to it, take it into use.</summary>
[BeforeSecondFactor]
[FreshProof]
internal sealed class DuoModel(IFactorEnrolment enrolment, DuoEnrolment? duo = null) : SignedInPage
{
    public bool IsFirst => !Session.SecondFactorPassed;

    public bool IsConfigured => duo is not null;

    /// <summary>The account is in use already; another device is chosen.</summary>
    public bool IsChange => Me.Factors.Contains(Core.Challenges.FactorKind.DuoPush);

    public DuoTrial? Trial { get; private set; }

    /// <summary>Set when Duo does not know the person yet.</summary>
    public DuoOffer? EnrolFirst { get; private set; }

    public IReadOnlyList<string> RecoveryCodes { get; private set; } = [];

    public IActionResult OnGet()
    {
        Trial = duo?.TrialOf(Me.Id, Session.Key);
        return Page();
    }

    public async Task<IActionResult> OnPostBeginAsync()
    {
        if (duo is null)
        {
            return Page();
        }

        var result = await duo.BeginAsync(Me.Id, Session.Key, RequestOrigin.ClientOf(HttpContext), Cancellation);
        if (result.Value is { MustEnrol: true } offer)
        {
            EnrolFirst = offer;
            return Page();
        }

        Trouble = result.Refusal?.Message;
        return Trouble is null ? LocalRedirect("/two-step/duo") : Page();
    }

    public async Task<IActionResult> OnPostPushAsync(string? device)
    {
        if (duo is null)
        {
            return Page();
        }

        var result = await duo.PushAsync(Me.Id, Session.Key, device ?? "", RequestOrigin.ClientOf(HttpContext));
        Trouble = result.Refusal?.Message;
        return Trouble is null ? LocalRedirect("/two-step/duo") : OnGet();
    }

    public async Task<IActionResult> OnPostFinishAsync(string? name)
    {
        var isChange = IsChange;
        var result = await enrolment.ConfirmDuoAsync(Me.Id, Session.Key, string.IsNullOrWhiteSpace(name) ? null : name.Trim(), Me.Name, Cancellation);
        if (result.Refusal is { } refusal)
        {
            Trouble = refusal.Message;
            return OnGet();
        }

        await HttpContext.RenewSessionAsync();
        RecoveryCodes = result.Value.RecoveryCodes;
        return RecoveryCodes.Count > 0 ? Page() : Done("/security", isChange ? "duo-changed" : "duo-added");
    }
}
