using Countersign.Server.Factors.DuoPush;
using Countersign.Server.People;
using Countersign.Server.Web.Security;
using Countersign.Server.Web.Views;
using Microsoft.AspNetCore.Html;
using Microsoft.AspNetCore.Mvc;

namespace Countersign.Server.Web.Pages;

/// <summary>Adds a second factor: the first one during set-up, and each further one.</summary>
[BeforeSecondFactor]
[FreshProof]
internal sealed class TwoStepModel(IFactorEnrolment enrolment, PendingAuthenticatorApp pending, DuoEnrolment? duo = null) : SignedInPage
{
    public bool IsFirst => !Session.SecondFactorPassed;

    /// <summary>The gateway uses Duo.</summary>
    public bool OffersDuo => duo is not null;

    /// <summary>The picture to scan, the secret to type instead, and both sealed for the next form; null while no app is being added.</summary>
    public (IHtmlContent Picture, string Secret, string Sealed)? App { get; private set; }

    public IReadOnlyList<string> RecoveryCodes { get; private set; } = [];

    public async Task<IActionResult> OnPostAppAsync()
    {
        var (uri, secret) = await enrolment.BeginTotpAsync(Me.Id, Cancellation);
        ShowApp(uri, secret);
        return Page();
    }

    public async Task<IActionResult> OnPostConfirmAsync(string? code, string? name, string? app)
    {
        var typed = (code ?? "").Replace(" ", "", StringComparison.Ordinal);
        var result = await enrolment.ConfirmTotpAsync(Me.Id, typed, NameOr(name, "Authenticator app"), Me.Name, Cancellation);
        if (result.Refusal is not null && pending.Open(Me.Id, app) is { } begun)
        {
            ShowApp(begun.OtpauthUri, begun.Secret);
        }

        return await FinishAsync(result, "app-added");
    }

    public async Task<IActionResult> OnPostPasskeyAsync(string? attestation, string? name) =>
        await FinishAsync(await enrolment.AddPasskeyAsync(Me.Id, attestation ?? "", NameOr(name, "Passkey"), Me.Name, Cancellation), "passkey-added");

    private static string NameOr(string? name, string otherwise) => string.IsNullOrWhiteSpace(name) ? otherwise : name.Trim();

    private void ShowApp(string uri, string secret) => App = (QrPicture.Of(uri), InGroups(secret), pending.Seal(Me.Id, uri, secret));

    private static string InGroups(string secret) => string.Join(' ', secret.Chunk(4).Select(group => new string(group)));

    private async Task<IActionResult> FinishAsync(Result<(FactorSummary Factor, IReadOnlyList<string> RecoveryCodes)> result, string done)
    {
        if (result.Refusal is { } refusal)
        {
            Trouble = refusal.Message;
            return Page();
        }

        await HttpContext.RenewSessionAsync();
        RecoveryCodes = result.Value.RecoveryCodes;
        return RecoveryCodes.Count > 0 ? Page() : Done("/security", done);
    }
}
