using Countersign.Core.Identities;
using Countersign.Server.People;
using Countersign.Server.Web.Security;
using Microsoft.AspNetCore.Mvc;

namespace Countersign.Server.Web.Pages;

/// <summary>One workspace: who is in it, and, for its admins, whose two-step verification is on.</summary>
[FreshProof(FormsOnly = true)]
internal sealed class WorkspaceMembersModel(IWorkspaces workspaces, GatewayOptions options) : SignedInPage
{
    private Role role;

    [BindProperty(SupportsGet = true)]
    public string Key { get; set; } = "";

    [BindProperty(SupportsGet = true, Name = "q")]
    public string? Search { get; set; }

    [BindProperty]
    public string Name { get; set; } = "";

    [BindProperty]
    public Role Role { get; set; } = Role.Write;

    public WorkspaceSummary Workspace { get; private set; } = null!;

    public string CloneForm => $"{options.Url.GetLeftPart(UriPartial.Authority)}/scm/{Workspace.Key}/REPO.git";

    public bool MayAdmin => role == Role.Admin;

    public IEnumerable<MemberSummary> Members => Workspace.Members
        .Where(member => string.IsNullOrWhiteSpace(Search) || member.Name.Contains(Search.Trim(), StringComparison.OrdinalIgnoreCase))
        .OrderBy(member => member.Name, StringComparer.Ordinal);

    /// <summary>"2 of 3 members have two-step verification".</summary>
    public (int With, int InAll) Coverage =>
        (Workspace.Members.Count(member => member is { Accepted: true, HasSecondFactor: true }), Workspace.Members.Count(member => member.Accepted));

    public static string Status(MemberSummary member) =>
        !member.Accepted ? "Invited" : member.HasSecondFactor == true ? "On" : "Off";

    public async Task<IActionResult> OnGetAsync() => await LoadAsync() ? Page() : NotFound();

    public async Task<IActionResult> OnPostInviteAsync()
    {
        if (!await LoadAsync() || !MayAdmin)
        {
            return NotFound();
        }

        var invited = await workspaces.AddMemberAsync(Workspace.Key, Name ?? "", Role, accepted: false, Me.Name, Cancellation);
        Trouble = invited.Refusal?.Message;
        return Trouble is null ? Done($"/workspaces/{Workspace.Key}", "invited") : Page();
    }

    public async Task<IActionResult> OnPostRemoveAsync(string member)
    {
        if (!await LoadAsync() || !MayAdmin)
        {
            return NotFound();
        }

        var removed = await workspaces.RemoveMemberAsync(Workspace.Key, member, Me.Name, Cancellation);
        Trouble = removed.Refusal?.Message;
        return Trouble is null ? Done($"/workspaces/{Workspace.Key}", "member-removed") : Page();
    }

    /// <summary>Only members open it; to others it does not exist.</summary>
    private async Task<bool> LoadAsync()
    {
        var (workspace, mine, accepted) = (await workspaces.OfAsync(Me.Id, Cancellation))
            .FirstOrDefault(membership => string.Equals(membership.Workspace.Key, Key, StringComparison.OrdinalIgnoreCase));
        (Workspace, role) = (workspace, mine);
        return workspace is not null && accepted;
    }
}
