using Countersign.Server.People;
using Countersign.Server.Upstreams;
using Countersign.Server.Web.Security;
using Countersign.Server.Web.Views;
using Microsoft.AspNetCore.Mvc;

namespace Countersign.Server.Web.Pages;

/// <summary>Adds a Git host. Certificate files are named on the gateway's machine only, so the form has no field for them. The secret is never shown again, not even in a form that was refused.</summary>
[Administrators]
[FreshProof]
internal sealed class NewUpstreamModel(IUpstreamDesk desk) : SignedInPage
{
    private static readonly char[] Separators = [' ', ',', '\t', '\r', '\n'];

    [BindProperty]
    public UpstreamForm Form { get; set; } = new();

    /// <summary>What is wrong, beside one field or, when that is null, above all.</summary>
    public Refusal? Refusal { get; private set; }

    /// <summary>The folded fields are open where one of them is wrong.</summary>
    public bool AdvancedIsOpen => Refusal?.Field is "path" or "mount" or "proxy" or "lfs" or "workspaces";

    public async Task<IActionResult> OnPostAsync()
    {
        var result = Form.TryMap(out var people)
            ? await desk.AddAsync(Form.Input(people, Split(Form.Workspaces)), Me.Name, Cancellation)
            : new Refusal("bad_upstream", "Each line names two people.") { Field = "people" };
        if (result.Refusal is not { } refusal)
        {
            return Done("/upstreams", "upstream-added");
        }

        Refusal = refusal;
        Trouble = refusal.Field is null ? refusal.Message : "The Git host was not added. One field is to be corrected.";
        return Page();
    }

    public string? WrongWith(string field) => Refusal is { } refusal && refusal.Field == field ? UpstreamWords.Beside(refusal) : null;

    private static string[]? Split(string? words) =>
        string.IsNullOrWhiteSpace(words) ? null : words.Split(Separators, StringSplitOptions.RemoveEmptyEntries);
}
