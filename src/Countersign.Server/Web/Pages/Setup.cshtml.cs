using Countersign.Server.People;
using Countersign.Server.Web.Security;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Countersign.Server.Web.Pages;

/// <summary>First run: makes the owner account from the one-time link.</summary>
[OpenToAll]
internal sealed class SetupModel(ISetup setup, IPeople people) : PageModel
{
    private const string Cookie = "__Host-countersign-setup";

    [BindProperty]
    public string Name { get; set; } = "";

    [BindProperty]
    public string Email { get; set; } = "";

    public bool LinkIsGood { get; private set; }

    public bool IsSetUp { get; private set; }

    public string? Trouble { get; private set; }

    public async Task<IActionResult> OnGetAsync(string? link)
    {
        if (link is not null)
        {
            // Out of the address at once: an address is kept in histories, screen shares and Referer headers. Nothing is spent yet.
            Response.Cookies.Append(Cookie, link, Options());
            return LocalRedirect("/setup");
        }

        return await ShowAsync();
    }

    public async Task<IActionResult> OnPostAsync(string? password)
    {
        if (Request.Cookies[Cookie] is not { } link || !setup.IsValid(link))
        {
            return await ShowAsync();
        }

        var result = await setup.CompleteAsync(link, Name, Email, password ?? "", HttpContext.RequestAborted);
        if (result.Refusal is { } refusal)
        {
            Trouble = refusal.Message;
            return await ShowAsync();
        }

        Response.Cookies.Delete(Cookie, Options());
        await HttpContext.StartSessionAsync(result.Value!);
        return LocalRedirect("/two-step");
    }

    private async Task<PageResult> ShowAsync()
    {
        LinkIsGood = Request.Cookies[Cookie] is { } link && setup.IsValid(link);
        IsSetUp = !LinkIsGood && await people.AnyAsync(HttpContext.RequestAborted);
        return Page();
    }

    private static CookieOptions Options() =>
        new() { Secure = true, HttpOnly = true, SameSite = SameSiteMode.Lax, Path = "/", MaxAge = TimeSpan.FromMinutes(30) };
}
