using Countersign.Core.Identities;
using Countersign.Core.Policies;
using Countersign.Server.People;
using Countersign.Server.Upstreams;
using Countersign.Server.Web.Security;
using Microsoft.AspNetCore.Mvc;

namespace Countersign.Server.Web.Pages;

/// <summary>The workspaces of the person, with invitations first; administrators make new ones here.</summary>
[FreshProof(FormsOnly = true)]
internal sealed class WorkspaceListModel(IWorkspaces workspaces, IUpstreamDesk upstreams) : SignedInPage
{
    [BindProperty]
    public string Key { get; set; } = "";

    [BindProperty]
    public Mode? Mode { get; set; }

    [BindProperty]
    public string? Upstream { get; set; }

    /// <summary>Git hosts to choose from.</summary>
    public IReadOnlyList<string> Hosts { get; private set; } = [];

    public IReadOnlyList<(WorkspaceSummary Workspace, Role Role, bool Accepted)> Mine { get; private set; } = [];

    public async Task OnGetAsync() => await LoadAsync();

    public async Task<IActionResult> OnPostAsync()
    {
        if (!Me.IsAdministrator)
        {
            return NotFound();
        }

        var folder = upstreams.Choose(Upstream, null, Key ?? "");
        var refusal = folder.Refusal ?? (await workspaces.AddAsync(Key ?? "", Mode, folder.Value, Me.Id, Me.Name, Cancellation)).Refusal;
        if (refusal is null)
        {
            return Done("/workspaces", "workspace-made");
        }

        Trouble = refusal.Message;
        await LoadAsync();
        return Page();
    }

    private async Task LoadAsync()
    {
        Hosts = Me.IsAdministrator ? [.. (await upstreams.ListAsync(Cancellation)).Select(upstream => upstream.Definition.Name)] : [];
        Mine = [.. (await workspaces.OfAsync(Me.Id, Cancellation)).OrderBy(membership => membership.Accepted).ThenBy(membership => membership.Workspace.Key, StringComparer.Ordinal)];
    }
}
