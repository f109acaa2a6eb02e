using Countersign.Core.Challenges;
using Countersign.Server.Enforcement;
using Countersign.Server.Factors.DuoPush;
using Countersign.Server.Web.Views;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Countersign.Server.Web.Pages;

/// <summary>What is asked, and the verdict. Opening it changes nothing; a verdict is a form.</summary>
internal sealed class ApproveModel(ChallengeReader reader, Approvals approvals, Prompter prompter, Authenticators authenticators, TimeProvider clock, DuoPasscodeFactor? passcodes = null) : SignedInPage
{
    /// <summary>The form was on a card of the list, so the list is where to go on.</summary>
    private const string FromList = "list";

    [BindProperty(SupportsGet = true)]
    public string Id { get; set; } = "";

    [BindProperty]
    public string? Number { get; set; }

    /// <summary>Null when there is no such request, or it belongs to somebody else: nothing tells the two apart.</summary>
    public RequestView? View { get; private set; }

    public Ways Ways { get; private set; } = null!;

    /// <summary>What the waiting terminal was told about asking the person.</summary>
    public IReadOnlyList<string> Said { get; private set; } = [];

    /// <summary>Which way was tried, so that its form is open again.</summary>
    public string? Tried { get; private set; }

    public IActionResult OnGet() => Show();

    public async Task<IActionResult> OnPostApproveAsync(string? totp, string? recoveryCode, string? duoPasscode, string? assertion, string? from)
    {
        if (Find() is not { } challenge)
        {
            return Unknown();
        }

        var input = new ApprovalInput(Typed(Number), Typed(totp), Typed(recoveryCode), Typed(assertion), Typed(duoPasscode));
        var result = await approvals.ApproveAsync(Me, challenge.Id, input, Cancellation);
        switch (result.Outcome)
        {
            case ApprovalOutcome.NotFound:
                return Unknown();
            case ApprovalOutcome.Done when from == FromList:
                return Done("/", "approved");
            case ApprovalOutcome.NumberTaken:
                prompter.TryAsk(Me, challenge, FactorKind.DuoPush); // the other half, unless it is on its way
                return LocalRedirect($"/a/{challenge.Id}");
            case ApprovalOutcome.Done or ApprovalOutcome.AlreadySettled:
                return LocalRedirect($"/a/{challenge.Id}");
            default:
                Tried = totp is not null ? "app" : duoPasscode is not null ? "duo" : recoveryCode is not null ? "recovery" : null;
                Trouble = Words.Trouble(result, clock.GetUtcNow());
                return Show();
        }
    }

    /// <summary>Asks by the kind that the person chose.</summary>
    public IActionResult OnPostPrompt(string? kind)
    {
        if (Find() is not { } challenge || Api.Words.ParseFactor(kind ?? "") is not { } chosen)
        {
            return Unknown();
        }

        Trouble = Words.Trouble(prompter.TryAsk(Me, challenge, chosen), chosen);
        return Trouble is null ? LocalRedirect($"/a/{challenge.Id}") : Show();
    }

    /// <summary>Never needs the number, and never more than one click.</summary>
    public async Task<IActionResult> OnPostDenyAsync(string? from)
    {
        if (Find() is not { } challenge)
        {
            return Unknown();
        }

        var result = await approvals.DenyAsync(Me, challenge.Id, reported: false, Cancellation);
        return result.Outcome == ApprovalOutcome.NotFound ? Unknown()
            : from == FromList ? Done("/", "denied")
            : LocalRedirect($"/a/{challenge.Id}");
    }

    private static string? Typed(string? text) => text?.Replace(" ", "", StringComparison.Ordinal) is { Length: > 0 } typed ? typed : null;

    private PageResult Show()
    {
        if (Find() is not { } challenge)
        {
            return Unknown();
        }

        View = new RequestView(challenge, clock.GetUtcNow());
        Ways = new Ways(challenge, Me, prompter, authenticators) { TakesPasscodes = passcodes is not null };
        Said = prompter.SaidOf(challenge.Id);
        return Page();
    }

    private Challenge? Find() => OwnRequest.Find(reader, Me, Id);

    private PageResult Unknown()
    {
        Response.StatusCode = StatusCodes.Status404NotFound;
        return Page(); // without a view it says that there is no such request
    }
}
