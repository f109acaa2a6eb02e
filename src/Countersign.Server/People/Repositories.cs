using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Core.Policies;
using Countersign.Server.Audit;
using Countersign.Server.Storage;
using Countersign.Server.Upstreams;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace Countersign.Server.People;

internal sealed class Repositories(
    IDbContextFactory<GatewayDbContext> databases, DatabaseReader reader, IRepositoryFiles files, UpstreamStore upstreams, TakenPlaces places, AccessEndings endings, AuditTrail audit, TimeProvider clock)
    : IRepositories
{
    // A repository that nobody added: its workspace's Git host may have it. Without such a host it does not exist.
    private const string ByPath = """
        SELECT r."Kind", r."IsPublic", w."Mode", m."Role", w."UpstreamName"
        FROM "Workspaces" w
        LEFT JOIN "Repositories" r ON r."WorkspaceKey" = w."Key" AND r."Name" = $2
        LEFT JOIN "Memberships" m ON m."WorkspaceKey" = w."Key" AND m."PersonId" = $3 AND m."AcceptedAt" IS NOT NULL
        WHERE w."Key" = $1
        """;

    private readonly Remembered<(RepositoryPath Path, PrincipalId Person), Found> known = reader.Remember<(RepositoryPath Path, PrincipalId Person), Found>(key =>
        reader.First(ByPath, row => new Found(FactsOf(key.Path, row), RoleOf(row, 3)), key.Path.Workspace, key.Path.Name, key.Person.Value));

    public Task<Result<RepositorySummary>> AddAsync(RepositoryPath path, RepositoryKind kind, bool isPublic, string? importPath, string actor, CancellationToken cancellation) =>
        AddAsync(new(path, kind, isPublic, importPath is not null, null), actor, importPath is null ? files.CreateAsync : (made, token) => files.ImportAsync(made, importPath, token), cancellation);

    /// <summary>The sample that set-up makes, with a first commit to clone.</summary>
    public Task<Result<RepositorySummary>> AddSampleAsync(RepositoryPath path, string actor, CancellationToken cancellation) =>
        AddAsync(new(path, RepositoryKind.Repository, false, true, null), actor, files.CreateSampleAsync, cancellation);

    public Task<Result<RepositorySummary>> RegisterAsync(RepositoryPath path, RepositoryKind kind, bool isPublic, string upstreamPath, string actor, CancellationToken cancellation) =>
        AddAsync(new(path, kind, isPublic, false, upstreamPath), actor, files.CreateAsync, cancellation);

    public async Task<Result<RepositoryRemoval>> RemoveAsync(RepositoryPath path, string actor, CancellationToken cancellation)
    {
        using var held = await places.HoldAsync(cancellation);
        await using var database = await databases.CreateDbContextAsync(cancellation);
        if (await database.Repositories.SingleOrDefaultAsync(found => found.WorkspaceKey == path.Workspace && found.Name == path.Name, cancellation) is not { } row)
        {
            return Refusals.NoSuchRepository;
        }

        var aside = $"{path.Name}-{clock.GetUtcNow().UtcDateTime:yyyyMMdd'T'HHmmss'Z'}";
        var kept = row.UpstreamName is null ? files.AsideOf(path, aside) : null;
        await audit.RecordAsync(
            AuditTypes.RepositoryRemoved, actor,
            ("repository", path.ToString()), ("upstream", row.UpstreamName ?? ""), ("upstream_path", row.UpstreamPath ?? ""), ("kept", kept ?? ""));

        // First nobody gets in, then what is inside ends, then the files go: a push that was let in must not find half of them.
        database.Repositories.Remove(row);
        await database.SaveChangesAsync(CancellationToken.None);
        endings.Raise(AccessEnded.ByMoving(path.Workspace, path.Name));
        try
        {
            await (kept is null ? Task.CompletedTask : files.SetAsideAsync(path, aside));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return new Refusal("files_failed", $"{path} is not served any more, but its files are where they were: {failure.Message}");
        }

        return new RepositoryRemoval(Summary(row, Role.None), kept);
    }

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
        var found = known.Find((path, person));
        return (found?.Facts, found?.Role ?? Role.None);
    }

    private async Task<Result<RepositorySummary>> AddAsync(Plan plan, string actor, Func<RepositoryPath, CancellationToken, Task> make, CancellationToken cancellation)
    {
        var path = plan.Path;
        using var held = await places.HoldAsync(cancellation);
        await using var database = await databases.CreateDbContextAsync(cancellation);
        if (await database.Workspaces.AsNoTracking().SingleOrDefaultAsync(row => row.Key == path.Workspace, cancellation) is not { } workspace)
        {
            return Refusals.NoSuchWorkspace;
        }

        if (await database.Repositories.AnyAsync(row => row.WorkspaceKey == path.Workspace && row.Name == path.Name, cancellation))
        {
            return Taken;
        }

        var (place, refusal) = await PlaceAsync(database, workspace, plan, cancellation);
        if (refusal is not null)
        {
            return refusal;
        }

        await audit.RecordAsync(
            AuditTypes.RepositoryAdded, actor,
            ("repository", path.ToString()), ("kind", plan.Kind.ToString()), ("public", plan.IsPublic ? "true" : "false"),
            ("upstream", place?.Upstream ?? ""), ("upstream_path", place?.Folder ?? ""));
        try
        {
            if (place is null)
            {
                held.Dispose(); // a long import keeps nobody waiting: this machine's places are its names
                await make(path, cancellation);
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return new Refusal("files_failed", $"The repository could not be made: {failure.Message}");
        }

        var row = new RepositoryRow
        {
            WorkspaceKey = path.Workspace,
            Name = path.Name,
            Kind = plan.Kind,
            IsPublic = plan.IsPublic,
            UpstreamName = place?.Upstream,
            UpstreamPath = place?.Folder,
            CreatedAt = clock.GetUtcNow(),
        };
        database.Repositories.Add(row);
        return await database.TrySaveAsync() ? Summary(row, Role.None) : Taken;
    }

    /// <summary>Where it will be; null for this machine.</summary>
    private async Task<Result<UpstreamFolder?>> PlaceAsync(GatewayDbContext database, WorkspaceRow workspace, Plan plan, CancellationToken cancellation)
    {
        if (workspace.UpstreamName is not { } name)
        {
            return plan.UpstreamPath is null ? default(Result<UpstreamFolder?>) : new Refusal("bad_path", $"{workspace.Key} is on this machine: leave out the upstream path.");
        }

        if (plan.HasContent)
        {
            return new Refusal("import_elsewhere", $"{workspace.Key} is served from the Git host {name}: import it there, then add it here.");
        }

        if (!UpstreamPaths.TryRepository(plan.UpstreamPath ?? UpstreamPaths.Below(workspace.UpstreamPath ?? "", $"{plan.Path.Name}.git"), out var path))
        {
            return new Refusal("bad_path", "The upstream path is such as group/Core.git, in letters, digits, '-', '.', '_' and '~'.");
        }

        return await places.WhyNotAsync(database, plan.Path, upstreams.Find(name)!, path, cancellation) is { } refusal ? refusal : new UpstreamFolder(name, path);
    }

    private static readonly Refusal Taken = new("repository_taken", "That repository exists already.");

    private static RepositoryFacts? FactsOf(RepositoryPath path, SqliteDataReader row) =>
        !row.IsDBNull(0) ? new(path, Enum.Parse<RepositoryKind>(row.GetString(0)), row.GetBoolean(1), ModeOf(row, 2))
        : !row.IsDBNull(4) ? new(path, RepositoryKind.Repository, false, ModeOf(row, 2))
        : null;

    private static Mode? ModeOf(SqliteDataReader row, int column) => row.IsDBNull(column) ? null : Enum.Parse<Mode>(row.GetString(column));

    private static Role RoleOf(SqliteDataReader row, int column) => row.IsDBNull(column) ? Role.None : Enum.Parse<Role>(row.GetString(column));

    // Every row came from a path that was parsed when it was added.
    private static RepositorySummary Summary(RepositoryRow row, Role role) =>
        RepositoryPath.TryParse($"{row.WorkspaceKey}/{row.Name}", out var path)
            ? new(path, row.Kind, row.IsPublic, role, row.CreatedAt) { Place = row.UpstreamName is { } upstream ? new(upstream, row.UpstreamPath ?? "") : null }
            : throw new InvalidDataException($"The repository {row.WorkspaceKey}/{row.Name} has no canonical name.");

    /// <summary>What is to be added.</summary>
    /// <param name="HasContent">It does not begin empty.</param>
    /// <param name="UpstreamPath">Where its workspace's Git host has it, if that was said.</param>
    private sealed record Plan(RepositoryPath Path, RepositoryKind Kind, bool IsPublic, bool HasContent, string? UpstreamPath);

    private sealed record Found(RepositoryFacts? Facts, Role Role);
}
