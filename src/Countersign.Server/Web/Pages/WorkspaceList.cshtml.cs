using Countersign.Core.Identities;
using Countersign.Core.Policies;
using Countersign.Server.People;
using Microsoft.AspNetCore.Mvc;

namespace Countersign.Server.Web.Pages;

/// <summary>The workspaces of the person, with invitations first; administrators make new ones here.</summary>
internal sealed class WorkspaceListModel(IWorkspaces workspaces) : SignedInPage
{
    [BindProperty]
    public string Key { get; set; } = "";

    [BindProperty]
    public Mode? Mode { get; set; }

    public IReadOnlyList<(WorkspaceSummary Workspace, Role Role, bool Accepted)> Mine { get; private set; } = [];

    public async Task OnGetAsync() => await LoadAsync();

    public async Task<IActionResult> OnPostAsync()
    {
        if (!Me.IsAdministrator)
        {
            return NotFound();
        }

        var made = await workspaces.AddAsync(Key ?? "", Mode, Me.Id, Me.Name, Cancellation);
        if (made.Refusal is null)
        {
            return Done("/workspaces", "workspace-made");
        }

        Trouble = made.Refusal.Message;
        await LoadAsync();
        return Page();
    }

    private async Task LoadAsync() =>
        Mine = [.. (await workspaces.OfAsync(Me.Id, Cancellation)).OrderBy(membership => membership.Accepted).ThenBy(membership => membership.Workspace.Key, StringComparer.Ordinal)];
}
