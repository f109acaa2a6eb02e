using Countersign.Server.Web.Security;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Countersign.Server.Web.Pages;

/// <summary>Ends the session. Only a form does; the address alone leads home.</summary>
[OpenToAll]
internal sealed class SignOutModel : PageModel
{
    public IActionResult OnGet() => LocalRedirect("/");

    public async Task<IActionResult> OnPostAsync()
    {
        await HttpContext.EndSessionAsync();
        return LocalRedirect("/sign-in?done=signed-out");
    }
}
