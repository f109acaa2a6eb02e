using Countersign.Core.Identities;
using Countersign.Core.Policies;

namespace Countersign.Server.People;

internal sealed record WorkspaceSummary(string Key, Mode? Mode, IReadOnlyList<MemberSummary> Members);

internal sealed record MemberSummary(string Name, Role Role, bool Accepted, bool? HasSecondFactor);

internal interface IWorkspaces
{
    Task<Result<WorkspaceSummary>> AddAsync(string key, Mode? mode, PrincipalId? firstAdmin, string actor, CancellationToken cancellation);

    Task<IReadOnlyList<WorkspaceSummary>> ListAsync(CancellationToken cancellation);

    Task<WorkspaceSummary?> FindAsync(string key, CancellationToken cancellation);

    /// <summary>Invites, or makes a member at once when <paramref name="accepted"/>. An invitation gives no access until it is accepted.</summary>
    Task<Result<MemberSummary>> AddMemberAsync(string key, string name, Role role, bool accepted, string actor, CancellationToken cancellation);

    Task<Result<MemberSummary>> AcceptAsync(string key, PrincipalId person, CancellationToken cancellation);

    Task<Result<MemberSummary>> RemoveMemberAsync(string key, string name, string actor, CancellationToken cancellation);

    /// <summary>Workspaces that the person is a member of or invited to.</summary>
    Task<IReadOnlyList<(WorkspaceSummary Workspace, Role Role, bool Accepted)>> OfAsync(PrincipalId person, CancellationToken cancellation);
}
