using Countersign.Core.Challenges;
using Countersign.Server.Enforcement;
using Countersign.Server.Web.Views;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Countersign.Server.Web.Pages;

/// <summary>"This wasn't me": says what it will do, then does it when asked.</summary>
internal sealed class ReportModel(ChallengeReader reader, Approvals approvals, TimeProvider clock) : SignedInPage
{
    [BindProperty(SupportsGet = true)]
    public string Id { get; set; } = "";

    public RequestView? View { get; private set; }

    public IActionResult OnGet() => Find() is { } challenge ? Show(challenge) : Unknown();

    public async Task<IActionResult> OnPostAsync()
    {
        if (Find() is not { } challenge)
        {
            return Unknown();
        }

        var result = await approvals.DenyAsync(Me, challenge.Id, reported: true, Cancellation);
        return result.Outcome == ApprovalOutcome.NotFound ? Unknown() : Done($"/a/{challenge.Id}", "reported");
    }

    private Challenge? Find() => OwnRequest.Find(reader, Me, Id);

    private PageResult Show(Challenge challenge)
    {
        View = new RequestView(challenge, clock.GetUtcNow());
        return Page();
    }

    private PageResult Unknown()
    {
        Response.StatusCode = StatusCodes.Status404NotFound;
        return Page();
    }
}
