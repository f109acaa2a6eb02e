using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Core.Policies;
using Countersign.Server.Audit;
using Countersign.Server.Storage;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace Countersign.Server.People;

internal sealed class Repositories(
    IDbContextFactory<GatewayDbContext> databases, DatabaseReader reader, IRepositoryFiles files, AuditTrail audit, TimeProvider clock) : IRepositories
{
    private const string ByPath = """
        SELECT r."Kind", r."IsPublic", w."Mode", m."Role"
        FROM "Repositories" r
        JOIN "Workspaces" w ON w."Key" = r."WorkspaceKey"
        LEFT JOIN "Memberships" m ON m."WorkspaceKey" = r."WorkspaceKey" AND m."PersonId" = $3 AND m."AcceptedAt" IS NOT NULL
        WHERE r."WorkspaceKey" = $1 AND r."Name" = $2
        """;

    // A repository that nobody added: its workspace's Git host may have it. Without such a host it does not exist.
    private const string ByWorkspace = """
        SELECT w."UpstreamName", 0, w."Mode", m."Role"
        FROM "Workspaces" w
        LEFT JOIN "Memberships" m ON m."WorkspaceKey" = w."Key" AND m."PersonId" = $2 AND m."AcceptedAt" IS NOT NULL
        WHERE w."Key" = $1
        """;

    public Task<Result<RepositorySummary>> AddAsync(RepositoryPath path, RepositoryKind kind, bool isPublic, string? importPath, string actor, CancellationToken cancellation) =>
        AddAsync(path, kind, isPublic, actor, importPath is null ? files.CreateAsync : (made, token) => files.ImportAsync(made, importPath, token), cancellation);

    /// <summary>The sample that set-up makes, with a first commit to clone.</summary>
    public Task<Result<RepositorySummary>> AddSampleAsync(RepositoryPath path, string actor, CancellationToken cancellation) =>
        AddAsync(path, RepositoryKind.Repository, false, actor, files.CreateSampleAsync, cancellation);

    public async Task<IReadOnlyList<RepositorySummary>> ListAsync(CancellationToken cancellation)
    {
        await using var database = await databases.CreateDbContextAsync(cancellation);
        var rows = await database.Repositories.AsNoTracking().OrderBy(row => row.WorkspaceKey).ThenBy(row => row.Name).ToListAsync(cancellation);
        return [.. rows.Select(row => Summary(row, Role.None))];
    }

    public async Task<IReadOnlyList<RepositorySummary>> VisibleToAsync(PrincipalId person, CancellationToken cancellation)
    {
        await using var database = await databases.CreateDbContextAsync(cancellation);
        var roles = await database.Memberships
            .Where(row => row.PersonId == person.Value && row.AcceptedAt != null)
            .ToDictionaryAsync(row => row.WorkspaceKey, row => row.Role, cancellation);
        var workspaces = roles.Keys.ToList();
        var rows = await database.Repositories.AsNoTracking()
            .Where(row => row.IsPublic || workspaces.Contains(row.WorkspaceKey))
            .OrderBy(row => row.WorkspaceKey).ThenBy(row => row.Name)
            .ToListAsync(cancellation);
        return [.. rows.Select(row => Summary(row, roles.GetValueOrDefault(row.WorkspaceKey)))];
    }

    public (RepositoryFacts? Facts, Role Role) Find(RepositoryPath path, PrincipalId person)
    {
        var found = reader.First(ByPath, row => new Found(Facts(path, row), RoleOf(row, 3)), path.Workspace, path.Name, person.Value);
        found ??= reader.First(
            ByWorkspace,
            row => new Found(row.IsDBNull(0) ? null : new(path, RepositoryKind.Repository, false, ModeOf(row, 2)), RoleOf(row, 3)),
            path.Workspace,
            person.Value);
        return (found?.Facts, found?.Role ?? Role.None);
    }

    private async Task<Result<RepositorySummary>> AddAsync(
        RepositoryPath path, RepositoryKind kind, bool isPublic, string actor, Func<RepositoryPath, CancellationToken, Task> make, CancellationToken cancellation)
    {
        await using var database = await databases.CreateDbContextAsync(cancellation);
        if (!await database.Workspaces.AnyAsync(row => row.Key == path.Workspace, cancellation))
        {
            return Refusals.NoSuchWorkspace;
        }

        if (await database.Repositories.AnyAsync(row => row.WorkspaceKey == path.Workspace && row.Name == path.Name, cancellation))
        {
            return Taken;
        }

        await audit.RecordAsync(
            AuditTypes.RepositoryAdded, actor, ("repository", path.ToString()), ("kind", kind.ToString()), ("public", isPublic ? "true" : "false"));
        try
        {
            await make(path, cancellation);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return new Refusal("files_failed", $"The repository could not be made: {failure.Message}");
        }

        var row = new RepositoryRow { WorkspaceKey = path.Workspace, Name = path.Name, Kind = kind, IsPublic = isPublic, CreatedAt = clock.GetUtcNow() };
        database.Repositories.Add(row);
        return await database.TrySaveAsync() ? Summary(row, Role.None) : Taken;
    }

    private static readonly Refusal Taken = new("repository_taken", "That repository exists already.");

    private static RepositoryFacts Facts(RepositoryPath path, SqliteDataReader row) => new(
        path,
        Enum.Parse<RepositoryKind>(row.GetString(0)),
        row.GetBoolean(1),
        ModeOf(row, 2));

    private static Mode? ModeOf(SqliteDataReader row, int column) => row.IsDBNull(column) ? null : Enum.Parse<Mode>(row.GetString(column));

    private static Role RoleOf(SqliteDataReader row, int column) => row.IsDBNull(column) ? Role.None : Enum.Parse<Role>(row.GetString(column));

    // Every row came from a path that was parsed when it was added.
    private static RepositorySummary Summary(RepositoryRow row, Role role) =>
        RepositoryPath.TryParse($"{row.WorkspaceKey}/{row.Name}", out var path)
            ? new(path, row.Kind, row.IsPublic, role, row.CreatedAt)
            : throw new InvalidDataException($"The repository {row.WorkspaceKey}/{row.Name} has no canonical name.");

    private sealed record Found(RepositoryFacts? Facts, Role Role);
}
