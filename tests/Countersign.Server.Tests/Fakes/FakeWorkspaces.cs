using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Core.Policies;
using Countersign.Server.People;
using Countersign.Server.Upstreams;

namespace Countersign.Server.Tests.Fakes;

/// <summary>Workspaces and repositories in memory.</summary>
internal sealed class FakeWorkspaces(TimeProvider clock) : IWorkspaces, IRepositories
{
    private readonly Dictionary<string, Mode?> workspaces = [];
    private readonly Dictionary<(string Key, PrincipalId Person), Role> roles = [];
    private readonly List<RepositorySummary> repositories = [];

    public void Member(string key, PrincipalId person, Role role)
    {
        workspaces.TryAdd(key, null);
        roles[(key, person)] = role;
    }

    public Task<Result<WorkspaceSummary>> AddAsync(
        string key, Mode? mode, UpstreamFolder? folder, PrincipalId? firstAdmin, string actor, CancellationToken cancellation) =>
        Task.FromResult<Result<WorkspaceSummary>>(
            workspaces.TryAdd(key, mode) ? new WorkspaceSummary(key, mode, []) { Folder = folder } : new Refusal("workspace_taken", "That workspace exists already."));

    public Task<Result<WorkspaceSummary>> RemoveAsync(string key, string actor, CancellationToken cancellation) =>
        Task.FromResult<Result<WorkspaceSummary>>(workspaces.Remove(key, out var mode) ? new WorkspaceSummary(key, mode, []) : Refusals.NoSuchWorkspace);

    public Task<Result<RepositoryRemoval>> RemoveAsync(RepositoryPath path, string actor, CancellationToken cancellation) =>
        Task.FromResult<Result<RepositoryRemoval>>(
            repositories.Find(each => each.Path == path) is { } found && repositories.Remove(found) ? new RepositoryRemoval(found, null) : Refusals.NoSuchRepository);

    public Task<IReadOnlyList<WorkspaceSummary>> ListAsync(CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<WorkspaceSummary>>([.. workspaces.Select(entry => new WorkspaceSummary(entry.Key, entry.Value, []))]);

    public Task<WorkspaceSummary?> FindAsync(string key, CancellationToken cancellation) =>
        Task.FromResult(workspaces.TryGetValue(key, out var mode) ? new WorkspaceSummary(key, mode, []) : null);

    public Task<Result<MemberSummary>> AddMemberAsync(string key, string name, Role role, bool accepted, string actor, CancellationToken cancellation) =>
        Task.FromResult<Result<MemberSummary>>(new MemberSummary(name, role, accepted, null));

    public Task<Result<MemberSummary>> AcceptAsync(string key, PrincipalId person, CancellationToken cancellation) =>
        Task.FromResult<Result<MemberSummary>>(new Refusal("no_invitation", "There is no such invitation."));

    public Task<Result<MemberSummary>> RemoveMemberAsync(string key, string name, string actor, CancellationToken cancellation) =>
        Task.FromResult<Result<MemberSummary>>(new MemberSummary(name, Role.Read, true, null));

    public Task<IReadOnlyList<(WorkspaceSummary Workspace, Role Role, bool Accepted)>> OfAsync(PrincipalId person, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<(WorkspaceSummary, Role, bool)>>(
            [.. roles.Where(entry => entry.Key.Person == person).Select(entry => (new WorkspaceSummary(entry.Key.Key, null, []), entry.Value, true))]);

    public Task<Result<RepositorySummary>> AddAsync(
        RepositoryPath path, RepositoryKind kind, bool isPublic, string? importPath, string actor, CancellationToken cancellation)
    {
        var added = new RepositorySummary(path, kind, isPublic, Role.Admin, clock.GetUtcNow());
        repositories.Add(added);
        return Task.FromResult<Result<RepositorySummary>>(added);
    }

    public Task<Result<RepositorySummary>> RegisterAsync(
        RepositoryPath path, RepositoryKind kind, bool isPublic, string upstreamPath, string actor, CancellationToken cancellation) =>
        AddAsync(path, kind, isPublic, null, actor, cancellation);

    Task<IReadOnlyList<RepositorySummary>> IRepositories.ListAsync(CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<RepositorySummary>>(repositories);

    public Task<IReadOnlyList<RepositorySummary>> VisibleToAsync(PrincipalId person, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<RepositorySummary>>(repositories);

    public (RepositoryFacts? Facts, Role Role) Find(RepositoryPath path, PrincipalId person) =>
        (new(path, RepositoryKind.Repository, false, null), roles.GetValueOrDefault((path.Workspace, person)));
}
