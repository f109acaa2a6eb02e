using Countersign.Server.Web.Security;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Countersign.Server.Web.Pages;

/// <summary>What went wrong, in one sentence and a way on; never how.</summary>
[OpenToAll]
[IgnoreAntiforgeryToken] // shown in place of whatever failed, a form whose key was missing included
internal sealed class ProblemModel : PageModel
{
    public (string Title, string Text) Words { get; private set; }

    public void OnGet(int code) => Show(code);

    public void OnPost(int code) => Show(code);

    private void Show(int code)
    {
        Words = code switch
        {
            400 => ("That did not arrive whole", "The form was incomplete, or this page was open for too long. Go back, reload it and try again."),
            401 => ("Sign in first", "This needs you to be signed in."),
            403 => ("Not from here", "This form was not sent from Countersign's own page, so nothing was done. Open Countersign by the address that its administrator gave you."),
            404 or 405 => ("Nothing here", "There is no such page, or it belongs to somebody else."),
            _ => ("Something failed", "Nothing was approved and nothing was let through. Try again; if it stays, tell your administrator the time: it is in the log."),
        };
        Response.StatusCode = code is >= 400 and < 600 ? code : StatusCodes.Status404NotFound;
    }
}
