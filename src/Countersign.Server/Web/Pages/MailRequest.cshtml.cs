using Countersign.Core.Challenges;
using Countersign.Core.Identities;
using Countersign.Server.Enforcement;
using Countersign.Server.Factors.EmailApproval;
using Countersign.Server.People;
using Countersign.Server.Web.Security;
using Countersign.Server.Web.Views;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Countersign.Server.Web.Pages;

/// <summary>
/// What a mail asks about. Shows what the approval page shows; approving is a form that takes the number from the terminal, so
/// that nothing that opens links and presses buttons by itself can approve. "This wasn't me" revokes something and so takes a session.
/// </summary>
[OpenToAll]
internal sealed class MailRequestModel(MailLinks links, ChallengeReader reader, Approvals approvals, IPeople people, TimeProvider clock) : PageModel
{
    [BindProperty(SupportsGet = true)]
    public string Id { get; set; } = "";

    [BindProperty(SupportsGet = true)]
    public string? What { get; set; }

    /// <summary>Null when the link is over; what it was about is then nobody's business.</summary>
    public RequestView? View { get; private set; }

    public string? Trouble { get; private set; }

    /// <summary>The mail's other link: the page that denies.</summary>
    public bool Denies => What == "deny";

    public bool OwesNumber => View!.Challenge.Requirement.Number || !IsSignedIn(View.Challenge.PrincipalId);

    public IActionResult OnGet() => Find() is var (_, challenge) ? Show(challenge) : Over();

    public async Task<IActionResult> OnPostApproveAsync(string? number)
    {
        if (Find() is not var (token, challenge) || people.FindPrincipal(challenge.PrincipalId) is not { } person)
        {
            return Over();
        }

        var typed = number?.Replace(" ", "", StringComparison.Ordinal) is { Length: > 0 } some ? some : null;
        if (typed is not null && (typed.Length != challenge.Number.Length || !typed.All(char.IsAsciiDigit)))
        {
            Trouble = $"The number has {challenge.Number.Length} digits. It is in your terminal.";
            return Show(challenge); // a slip of the finger, not a guess
        }

        var input = new ApprovalInput(typed, null, null, null) { MailToken = token, InSession = IsSignedIn(person.Id) };
        var result = await approvals.ApproveAsync(person, challenge.Id, input, HttpContext.RequestAborted);
        Trouble = result.Outcome is ApprovalOutcome.ProofRefused or ApprovalOutcome.FactorNotSetUp
            ? "Approval by email does not work any more for this request. Sign in and approve there."
            : Words.Trouble(result, clock.GetUtcNow());
        return Show(reader.Find(challenge.Id) ?? challenge);
    }

    public async Task<IActionResult> OnPostDenyAsync()
    {
        if (Find() is not var (_, challenge) || people.FindPrincipal(challenge.PrincipalId) is not { } person)
        {
            return Over();
        }

        await approvals.DenyAsync(person, challenge.Id, reported: false, HttpContext.RequestAborted);
        return Show(reader.Find(challenge.Id) ?? challenge);
    }

    private (string Token, Challenge Challenge)? Find() =>
        What is null or "deny"
        && ChallengeId.TryParse(Id.ToUpperInvariant(), out var id)
        && MailCookie.Read(HttpContext, id) is { } token
        && links.Find(token) is { } link
        && link.Challenge == id
        && reader.Find(id) is { } challenge
        && challenge.PrincipalId == link.Person
        && people.FindPrincipal(link.Person)?.Factors.Contains(FactorKind.EmailApproval) is true
            ? (token, challenge)
            : null;

    private bool IsSignedIn(PrincipalId person) => HttpContext.GetSession() is { SecondFactorPassed: true } session && session.Principal.Id == person;

    private PageResult Show(Challenge challenge)
    {
        View = new RequestView(challenge, clock.GetUtcNow());
        return Page();
    }

    private PageResult Over()
    {
        Response.StatusCode = StatusCodes.Status404NotFound;
        return Page();
    }
}
