using Countersign.Server.People;
using Countersign.Server.Web.Security;
using Microsoft.AspNetCore.Mvc;

namespace Countersign.Server.Web.Pages;

/// <summary>Changes the person's email address, once a code has come back from the new one.</summary>
[FreshProof]
internal sealed class EmailAddressModel(EmailAddresses addresses, IPeople people) : SignedInPage
{
    public bool MustConfirm => addresses.MustConfirm;

    public string Current { get; private set; } = "";

    public string Typed { get; private set; } = "";

    /// <summary>Where the code went; null before.</summary>
    public string? SentTo { get; private set; }

    public Task<IActionResult> OnGetAsync() => ShowAsync();

    public async Task<IActionResult> OnPostChangeAsync(string? email)
    {
        Typed = (email ?? "").Trim();
        Trouble = (await addresses.BeginAsync(Me.Id, Typed, Me.Name))?.Message;
        if (Trouble is not null)
        {
            return await ShowAsync();
        }

        if (!MustConfirm)
        {
            return Done("/security", "email-changed");
        }

        SentTo = Typed;
        return Page();
    }

    /// <param name="code">From the mail.</param>
    /// <param name="email">For showing again only: the address that counts was kept with the code.</param>
    public async Task<IActionResult> OnPostConfirmAsync(string? code, string? email)
    {
        var result = await addresses.ConfirmAsync(Me.Id, (code ?? "").Replace(" ", "", StringComparison.Ordinal), Me.Name);
        if (result.Refusal is { } refusal)
        {
            (SentTo, Trouble) = (email, refusal.Message);
            return Page();
        }

        await HttpContext.RenewSessionAsync(steppedUp: false);
        return Done("/security", "email-changed");
    }

    private async Task<IActionResult> ShowAsync()
    {
        Current = (await people.FindAsync(Me.Id, Cancellation))?.Email ?? "";
        return Page();
    }
}
