using Countersign.Core.Identities;
using Countersign.Core.Policies;
using Countersign.Server.Upstreams;

namespace Countersign.Server.People;

internal sealed record WorkspaceSummary(string Key, Mode? Mode, IReadOnlyList<MemberSummary> Members)
{
    /// <summary>Where its repositories are; null for this machine.</summary>
    public UpstreamFolder? Folder { get; init; }
}

internal sealed record MemberSummary(string Name, Role Role, bool Accepted, bool? HasSecondFactor);

internal interface IWorkspaces
{
    /// <summary>A workspace whose repositories are on this machine.</summary>
    Task<Result<WorkspaceSummary>> AddAsync(string key, Mode? mode, PrincipalId? firstAdmin, string actor, CancellationToken cancellation) =>
        AddAsync(key, mode, null, firstAdmin, actor, cancellation);

    /// <param name="key">Becomes upper case.</param>
    /// <param name="mode">Null for the instance's.</param>
    /// <param name="folder">The Git host's folder that has its repositories; null for this machine.</param>
    /// <param name="firstAdmin">Who is its first member.</param>
    /// <param name="actor">For the audit log.</param>
    /// <param name="cancellation">Ends the work.</param>
    Task<Result<WorkspaceSummary>> AddAsync(string key, Mode? mode, UpstreamFolder? folder, PrincipalId? firstAdmin, string actor, CancellationToken cancellation);

    /// <summary>Refused while it has repositories by name. Its members lose what they had there, and nothing of a Git host changes.</summary>
    Task<Result<WorkspaceSummary>> RemoveAsync(string key, string actor, CancellationToken cancellation);

    Task<IReadOnlyList<WorkspaceSummary>> ListAsync(CancellationToken cancellation);

    Task<WorkspaceSummary?> FindAsync(string key, CancellationToken cancellation);

    /// <summary>Invites, or makes a member at once when <paramref name="accepted"/>. An invitation gives no access until it is accepted.</summary>
    Task<Result<MemberSummary>> AddMemberAsync(string key, string name, Role role, bool accepted, string actor, CancellationToken cancellation);

    Task<Result<MemberSummary>> AcceptAsync(string key, PrincipalId person, CancellationToken cancellation);

    Task<Result<MemberSummary>> RemoveMemberAsync(string key, string name, string actor, CancellationToken cancellation);

    /// <summary>Workspaces that the person is a member of or invited to.</summary>
    Task<IReadOnlyList<(WorkspaceSummary Workspace, Role Role, bool Accepted)>> OfAsync(PrincipalId person, CancellationToken cancellation);
}
