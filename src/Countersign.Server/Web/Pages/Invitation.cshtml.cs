using Countersign.Core.Identities;
using Countersign.Server.People;
using Microsoft.AspNetCore.Mvc;

namespace Countersign.Server.Web.Pages;

/// <summary>An invitation: what admins will see, what the person must do, and the choice.</summary>
internal sealed class InvitationModel(IWorkspaces workspaces) : SignedInPage
{
    [BindProperty(SupportsGet = true)]
    public string Key { get; set; } = "";

    public WorkspaceSummary Workspace { get; private set; } = null!;

    public Role Role { get; private set; }

    public async Task<IActionResult> OnGetAsync() => await LoadAsync() ? Page() : NotFound();

    public async Task<IActionResult> OnPostAcceptAsync()
    {
        if (!await LoadAsync())
        {
            return NotFound();
        }

        var accepted = await workspaces.AcceptAsync(Workspace.Key, Me.Id, Cancellation);
        Trouble = accepted.Refusal?.Message;
        return Trouble is null ? Done($"/workspaces/{Workspace.Key}", "joined") : Page();
    }

    public async Task<IActionResult> OnPostDeclineAsync()
    {
        if (!await LoadAsync())
        {
            return NotFound();
        }

        var declined = await workspaces.RemoveMemberAsync(Workspace.Key, Me.Name, Me.Name, Cancellation);
        Trouble = declined.Refusal?.Message;
        return Trouble is null ? Done("/workspaces", "declined") : Page();
    }

    private async Task<bool> LoadAsync()
    {
        var invitation = (await workspaces.OfAsync(Me.Id, Cancellation))
            .FirstOrDefault(membership => !membership.Accepted && string.Equals(membership.Workspace.Key, Key, StringComparison.OrdinalIgnoreCase));
        (Workspace, Role) = (invitation.Workspace, invitation.Role);
        return invitation.Workspace is not null;
    }
}
