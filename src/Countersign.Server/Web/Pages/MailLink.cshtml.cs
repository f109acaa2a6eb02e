using Countersign.Server.Factors.EmailApproval;
using Countersign.Server.Web.Security;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Countersign.Server.Web.Pages;

/// <summary>Where the links of mails lead: takes the token out of the address and goes on to the request. Opening it changes nothing, however often and by whom.</summary>
[OpenToAll]
internal sealed class MailLinkModel(MailLinks links) : PageModel
{
    public IActionResult OnGet(string token, string? what)
    {
        Response.Headers["Referrer-Policy"] = "no-referrer";
        if (what is not (null or "deny") || links.Find(token) is not { } link)
        {
            Response.StatusCode = StatusCodes.Status404NotFound;
            return Page();
        }

        MailCookie.Keep(HttpContext, link.Challenge, token);
        return LocalRedirect($"/mail/{link.Challenge.Value}{(what is null ? "" : "/deny")}");
    }
}
