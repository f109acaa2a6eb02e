using Countersign.Server.Factors.DuoPush;
using Countersign.Server.People;
using Countersign.Server.Proxies;
using Countersign.Server.Web.Security;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Countersign.Server.Web.Pages;

/// <summary>Passkey first; else name and password, then a code. What is wrong is never told apart: name, password, both.</summary>
[OpenToAll]
internal sealed class SignInModel(ISignIn signIn, PendingPassword pending, DuoPasscodeFactor? passcodes = null) : PageModel
{
    [BindProperty(SupportsGet = true)]
    public string? Return { get; set; }

    [BindProperty]
    public string Name { get; set; } = "";

    /// <summary>The second step: name and password were taken, the code is asked.</summary>
    public bool AsksCode { get; private set; }

    public bool WithRecoveryCode { get; private set; }

    /// <summary>The gateway takes passcodes of Duo's; whether this person does, nobody is told here.</summary>
    public bool TakesDuo => passcodes is not null;

    public string? Trouble { get; private set; }

    public IActionResult OnGet(bool recovery)
    {
        if (HttpContext.GetSession() is { SecondFactorPassed: true })
        {
            return LocalRedirect(LocalPath.OrHome(Return));
        }

        // The other way to give the code, in the middle of the second step.
        AsksCode = WithRecoveryCode = recovery && pending.Take(HttpContext) is not null;
        return Page();
    }

    public async Task<IActionResult> OnPostPasswordAsync(string? password)
    {
        var result = await signIn.PasswordAsync(Name, password ?? "", code: null, RequestOrigin.ClientOf(HttpContext), HttpContext.RequestAborted);
        if (result.Refusal is not { } refusal)
        {
            return await StartAsync(result.Value!);
        }

        if (SignInRefusals.OwesCode(refusal))
        {
            pending.Keep(HttpContext, Name, password ?? "");
            AsksCode = true;
            return Page();
        }

        Trouble = refusal.Message;
        return Page();
    }

    public async Task<IActionResult> OnPostCodeAsync(string? code, bool recovery)
    {
        if (pending.Take(HttpContext) is not { } first)
        {
            Trouble = "That took too long. Sign in again.";
            return Page();
        }

        var result = await signIn.PasswordAsync(first.Name, first.Password, code ?? "", RequestOrigin.ClientOf(HttpContext), HttpContext.RequestAborted);
        if (result.Refusal is not { } refusal)
        {
            PendingPassword.Forget(HttpContext);
            return await StartAsync(result.Value!);
        }

        (AsksCode, WithRecoveryCode, Trouble) = (true, recovery, refusal.Message);
        return Page();
    }

    public async Task<IActionResult> OnPostPasskeyAsync(string? ceremony, string? assertion)
    {
        var result = await signIn.PasskeyAsync(ceremony ?? "", assertion ?? "", RequestOrigin.ClientOf(HttpContext), HttpContext.RequestAborted);
        if (result.Refusal is not { } refusal)
        {
            return await StartAsync(result.Value!);
        }

        Trouble = refusal.Message;
        return Page();
    }

    private async Task<IActionResult> StartAsync(SessionStart start)
    {
        await HttpContext.StartSessionAsync(start);
        return start.SecondFactorPassed ? LocalRedirect(LocalPath.OrHome(Return)) : LocalRedirect("/two-step");
    }
}

/// <summary>Which refusals of a sign-in are no failure but the next step.</summary>
internal static class SignInRefusals
{
    public static bool OwesCode(Refusal refusal) => refusal.Code is "code_required";
}
