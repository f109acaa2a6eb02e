using Countersign.Core.Challenges;
using Countersign.Server.Factors.DuoPush;
using Countersign.Server.People;
using Countersign.Server.Proxies;
using Countersign.Server.Web.Security;
using Microsoft.AspNetCore.Mvc;

namespace Countersign.Server.Web.Pages;

/// <summary>A fresh proof before something is changed that proves who a person is.</summary>
internal sealed class StepUpModel(ISignIn signIn, DuoPasscodeFactor? passcodes = null) : SignedInPage
{
    [BindProperty(SupportsGet = true)]
    public string? Return { get; set; }

    public bool HasPasskey => Me.Factors.Contains(FactorKind.WebAuthn);

    /// <summary>Has Duo, and the gateway takes its passcodes.</summary>
    public bool HasDuo => passcodes is not null && Me.Factors.Contains(FactorKind.DuoPush);

    public async Task<IActionResult> OnPostAsync(string? code, string? assertion)
    {
        var typed = string.IsNullOrWhiteSpace(code) ? null : code.Replace(" ", "", StringComparison.Ordinal);
        var proof = string.IsNullOrEmpty(assertion) ? null : assertion;
        var result = await signIn.StepUpAsync(Me.Id, Session.Key, typed, proof, RequestOrigin.ClientOf(HttpContext), Cancellation);
        if (result.Refusal is { } refusal)
        {
            Trouble = refusal.Message;
            return Page();
        }

        await HttpContext.RenewSessionAsync();
        return LocalRedirect(LocalPath.OrHome(Return));
    }
}
