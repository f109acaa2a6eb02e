using Countersign.Server.People;
using Countersign.Server.Web.Security;
using Microsoft.AspNetCore.Mvc;

namespace Countersign.Server.Web.Pages;

/// <summary>The people of the instance, for its administrators.</summary>
[Administrators]
[FreshProof(FormsOnly = true)]
internal sealed class PeopleListModel(IPeople people) : SignedInPage
{
    [BindProperty(SupportsGet = true, Name = "q")]
    public string? Search { get; set; }

    [BindProperty]
    public string Name { get; set; } = "";

    [BindProperty]
    public string Email { get; set; } = "";

    public IReadOnlyList<PersonSummary> Found { get; private set; } = [];

    public int InAll { get; private set; }

    public async Task OnGetAsync() => await LoadAsync();

    public async Task<IActionResult> OnPostAddAsync(string? password)
    {
        var added = await people.AddAsync(Name ?? "", Email ?? "", password, administrator: false, Me.Name, Cancellation);
        return await FinishAsync(added.Refusal, "person-added");
    }

    public async Task<IActionResult> OnPostDisableAsync(string person) =>
        person == Me.Name
            ? await FinishAsync(new("own_account", "You cannot disable yourself; another administrator can."), "")
            : await FinishAsync((await people.DisableAsync(person, Me.Name, Cancellation)).Refusal, "person-disabled");

    public async Task<IActionResult> OnPostEnableAsync(string person) =>
        await FinishAsync((await people.EnableAsync(person, Me.Name, Cancellation)).Refusal, "person-enabled");

    public async Task<IActionResult> OnPostUnlockAsync(string person) =>
        await FinishAsync((await people.UnlockAsync(person, Me.Name, Cancellation)).Refusal, "person-unlocked");

    private async Task<IActionResult> FinishAsync(Refusal? refusal, string done)
    {
        if (refusal is null)
        {
            return Done("/people", done);
        }

        Trouble = refusal.Message;
        await LoadAsync();
        return Page();
    }

    private async Task LoadAsync()
    {
        var all = await people.ListAsync(Cancellation);
        InAll = all.Count;
        Found = [.. all
            .Where(person => string.IsNullOrWhiteSpace(Search)
                || person.Name.Contains(Search.Trim(), StringComparison.OrdinalIgnoreCase)
                || person.Email.Contains(Search.Trim(), StringComparison.OrdinalIgnoreCase))
            .OrderBy(person => person.Name, StringComparer.Ordinal)];
    }
}
