using Countersign.Core.Identities;
using Countersign.Core.Policies;
using Countersign.Server.People;
using Countersign.Server.Upstreams;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Countersign.Server.Api;

/// <param name="Mode">off, report or enforce; left out, the instance's applies.</param>
/// <param name="Upstream">The Git host that has its repositories, or local for this machine; left out, the one Git host if there is exactly one.</param>
/// <param name="UpstreamPath">Its folder there; left out, the key as written. / for the root.</param>
internal sealed record WorkspaceInput(string Key, string? Mode = null, string? Upstream = null, string? UpstreamPath = null);

/// <param name="Upstream">A Git host, or local for this machine.</param>
/// <param name="UpstreamPath">Its folder there; left out, the key as in the address.</param>
internal sealed record WorkspaceMoveInput(string Upstream, string? UpstreamPath = null);

/// <param name="Role">read, write or admin.</param>
/// <param name="Accepted">Member at once, without an invitation; only on the gateway's own machine.</param>
internal sealed record MemberInput(string Name, string Role, bool Accepted = false);

/// <param name="Mode">Set on the workspace; null where the instance's applies.</param>
/// <param name="Role">Yours; none where you are no member.</param>
/// <param name="Accepted">You have accepted the invitation.</param>
/// <param name="Upstream">The Git host that has its repositories; null for this machine.</param>
/// <param name="UpstreamPath">Its folder there.</param>
internal sealed record WorkspaceView(string Key, string? Mode, string Role, bool Accepted, string? Upstream, string? UpstreamPath)
{
    public static WorkspaceView Of(WorkspaceSummary workspace, Role role, bool accepted) =>
        new(workspace.Key, workspace.Mode is { } mode ? Words.Of(mode) : null, Words.Of(role), accepted, workspace.Folder?.Upstream, workspace.Folder?.Folder);
}

/// <param name="TwoStep">Two-step verification is set up; null until the person has accepted that members' status is shown.</param>
internal sealed record MemberView(string Name, string Role, bool Accepted, bool? TwoStep)
{
    public static MemberView Of(MemberSummary member) => new(member.Name, Words.Of(member.Role), member.Accepted, member.HasSecondFactor);
}

internal static class WorkspacesResource
{
    public static void Map(RouteGroupBuilder api)
    {
        var workspaces = api.MapGroup("/workspaces").WithTags("Workspaces");
        workspaces.MapGet("", ListAsync).For(ApiAccess.SignedIn)
            .WithName("listWorkspaces").WithSummary("Workspaces that you are a member of or invited to; every one for the local administrator.");
        workspaces.MapPost("", AddAsync).For(ApiAccess.Administrator, freshStepUp: true)
            .WithName("addWorkspace").WithSummary("A new workspace. A person who adds one is its first admin.");
        workspaces.MapPost("/{key}/move", MoveAsync).For(ApiAccess.Administrator, freshStepUp: true)
            .WithName("moveWorkspace").WithSummary("Serve a workspace that has no repositories from a Git host, or from this machine.");
        workspaces.MapDelete("/{key}", RemoveAsync).For(ApiAccess.Administrator, freshStepUp: true)
            .WithName("removeWorkspace").WithSummary("Remove a workspace that has no repositories by name, with its memberships.");
        workspaces.MapGet("/{key}/members", MembersAsync).For(ApiAccess.SignedIn)
            .WithName("listMembers").WithSummary("The members of a workspace.");
        workspaces.MapPost("/{key}/members", AddMemberAsync).For(ApiAccess.SignedIn, freshStepUp: true)
            .WithName("addMember").WithSummary("Invite a person. The invitation gives no access until it is accepted.");
        workspaces.MapPost("/{key}/accept", AcceptAsync).For(ApiAccess.Person)
            .WithName("acceptInvitation").WithSummary("Accept the invitation to a workspace.");
        workspaces.MapDelete("/{key}/members/{name}", RemoveMemberAsync).For(ApiAccess.SignedIn, freshStepUp: true)
            .WithName("removeMember").WithSummary("Remove a member. Everyone may leave.");
    }

    /// <summary>What the caller may do in the workspace; administering the instance counts as admin of members, not of repositories.</summary>
    public static async Task<Role> RoleOfAsync(Caller caller, string key, IWorkspaces workspaces, CancellationToken cancellation)
    {
        if (caller.IsLocalAdministrator)
        {
            return Role.Admin;
        }

        var own = await workspaces.OfAsync(caller.Person.Id, cancellation);
        return own.Where(entry => entry.Accepted && string.Equals(entry.Workspace.Key, key, StringComparison.OrdinalIgnoreCase))
            .Select(entry => entry.Role)
            .FirstOrDefault(Role.None);
    }

    private static async Task<Ok<IReadOnlyList<WorkspaceView>>> ListAsync(Caller caller, IWorkspaces workspaces, CancellationToken cancellation)
    {
        IReadOnlyList<WorkspaceView> views = caller.IsLocalAdministrator
            ? [.. (await workspaces.ListAsync(cancellation)).Select(workspace => WorkspaceView.Of(workspace, Role.None, accepted: false))]
            : [.. (await workspaces.OfAsync(caller.Person.Id, cancellation)).Select(own => WorkspaceView.Of(own.Workspace, own.Role, own.Accepted))];
        return TypedResults.Ok(views);
    }

    private static async Task<Results<Created<WorkspaceView>, ProblemHttpResult>> AddAsync(
        WorkspaceInput input, Caller caller, IWorkspaces workspaces, IUpstreamDesk upstreams, CancellationToken cancellation)
    {
        Mode? mode = null;
        if (input.Mode is { } word && (mode = Words.ParseMode(word)) is null)
        {
            return Problems.BadRequest("unknown_mode", "mode is off, report or enforce.");
        }

        var folder = upstreams.Choose(input.Upstream, input.UpstreamPath, input.Key);
        if (folder.Refusal is { } refusal)
        {
            return refusal.ToProblem();
        }

        var result = await workspaces.AddAsync(input.Key, mode, folder.Value, caller.Session?.Principal.Id, caller.Actor, cancellation);
        var role = caller.IsLocalAdministrator ? Role.None : Role.Admin;
        return result.Value is { } workspace
            ? TypedResults.Created((string?)null, WorkspaceView.Of(workspace, role, accepted: role != Role.None))
            : result.Refusal!.ToProblem();
    }

    private static async Task<Results<Ok<WorkspaceView>, ProblemHttpResult>> MoveAsync(
        string key, WorkspaceMoveInput input, Caller caller, IUpstreamDesk upstreams, IWorkspaces workspaces, CancellationToken cancellation) =>
        (await upstreams.MoveAsync(key, input.Upstream, input.UpstreamPath, caller.Actor, cancellation)).Refusal is { } refusal
            ? refusal.ToProblem()
            : TypedResults.Ok(WorkspaceView.Of((await workspaces.FindAsync(key, cancellation))!, Role.None, accepted: false));

    private static async Task<Results<Ok<WorkspaceView>, ProblemHttpResult>> RemoveAsync(string key, Caller caller, IWorkspaces workspaces, CancellationToken cancellation)
    {
        var result = await workspaces.RemoveAsync(key, caller.Actor, cancellation);
        return result.Value is { } removed ? TypedResults.Ok(WorkspaceView.Of(removed, Role.None, accepted: false)) : result.Refusal!.ToProblem();
    }

    private static async Task<Results<Ok<IReadOnlyList<MemberView>>, ProblemHttpResult>> MembersAsync(
        string key, Caller caller, IWorkspaces workspaces, CancellationToken cancellation)
    {
        var mayLook = caller.IsAdministrator || await RoleOfAsync(caller, key, workspaces, cancellation) > Role.None;
        if (!mayLook || await workspaces.FindAsync(key, cancellation) is not { } workspace)
        {
            return Problems.NotFound("workspace");
        }

        IReadOnlyList<MemberView> members = [.. workspace.Members.Select(MemberView.Of)];
        return TypedResults.Ok(members);
    }

    private static async Task<Results<Ok<MemberView>, ProblemHttpResult>> AddMemberAsync(
        string key, MemberInput input, Caller caller, IWorkspaces workspaces, CancellationToken cancellation)
    {
        if (Words.ParseRole(input.Role) is not { } role)
        {
            return Problems.BadRequest("unknown_role", "role is read, write or admin.");
        }

        if (input.Accepted && !caller.IsLocalAdministrator)
        {
            return Problems.Of(403, "consent_required", "People accept an invitation themselves: leave out accepted.");
        }

        if (await MayNotGovernAsync(key, caller, workspaces, cancellation) is { } problem)
        {
            return problem;
        }

        var result = await workspaces.AddMemberAsync(key, input.Name, role, input.Accepted, caller.Actor, cancellation);
        return result.Value is { } member ? TypedResults.Ok(MemberView.Of(member)) : result.Refusal!.ToProblem();
    }

    private static async Task<Results<Ok<MemberView>, ProblemHttpResult>> AcceptAsync(
        string key, Caller caller, IWorkspaces workspaces, CancellationToken cancellation)
    {
        var result = await workspaces.AcceptAsync(key, caller.Person.Id, cancellation);
        return result.Value is { } member ? TypedResults.Ok(MemberView.Of(member)) : result.Refusal!.ToProblem();
    }

    private static async Task<Results<Ok<MemberView>, ProblemHttpResult>> RemoveMemberAsync(
        string key, string name, Caller caller, IWorkspaces workspaces, CancellationToken cancellation)
    {
        var leaving = !caller.IsLocalAdministrator && string.Equals(name, caller.Person.Name, StringComparison.OrdinalIgnoreCase);
        if (!leaving && await MayNotGovernAsync(key, caller, workspaces, cancellation) is { } problem)
        {
            return problem;
        }

        var result = await workspaces.RemoveMemberAsync(key, name, caller.Actor, cancellation);
        return result.Value is { } member ? TypedResults.Ok(MemberView.Of(member)) : result.Refusal!.ToProblem();
    }

    /// <summary>Who is no member learns nothing of the workspace; a member learns that it takes an admin.</summary>
    private static async Task<ProblemHttpResult?> MayNotGovernAsync(
        string key, Caller caller, IWorkspaces workspaces, CancellationToken cancellation) =>
        await RoleOfAsync(caller, key, workspaces, cancellation) switch
        {
            Role.Admin => null,
            Role.None => Problems.NotFound("workspace"),
            _ => Problems.Of(403, "workspace_admin_required", "Only an admin of the workspace may do this."),
        };
}
