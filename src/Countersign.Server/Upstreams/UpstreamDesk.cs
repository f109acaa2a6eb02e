using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Server.Audit;
using Countersign.Server.People;
using Countersign.Server.Storage;
using Countersign.Server.Upstreams.Passed;
using Microsoft.EntityFrameworkCore;

namespace Countersign.Server.Upstreams;

internal sealed class UpstreamDesk(
    IDbContextFactory<GatewayDbContext> databases, UpstreamStore upstreams, TakenPlaces places, UpstreamChecks checks, ReportedCredentials reported, AccessEndings endings, AuditTrail audit) : IUpstreamDesk
{
    private static readonly Refusal NoSuchUpstream = new("no_such_upstream", "There is no such Git host.");
    private static readonly Refusal Taken = new("upstream_taken", "There is a Git host of that name already.") { Field = "name" };

    public async Task<IReadOnlyList<UpstreamSummary>> ListAsync(CancellationToken cancellation)
    {
        await using var database = await databases.CreateDbContextAsync(cancellation);
        var found = new List<UpstreamSummary>();
        foreach (var upstream in upstreams.List())
        {
            found.Add(await SummaryAsync(database, upstream, cancellation));
        }

        return found;
    }

    public async Task<UpstreamSummary?> FindAsync(string name, CancellationToken cancellation)
    {
        await using var database = await databases.CreateDbContextAsync(cancellation);
        return upstreams.Find(name) is { } upstream ? await SummaryAsync(database, upstream, cancellation) : null;
    }

    public async Task<Result<UpstreamSummary>> AddAsync(UpstreamInput input, string actor, CancellationToken cancellation)
    {
        var read = UpstreamRules.Read(input);
        if (read.Value is not { } upstream)
        {
            return read.Refusal!;
        }

        using var held = await places.HoldAsync(cancellation);
        await using var database = await databases.CreateDbContextAsync(cancellation);
        if (upstreams.Find(upstream.Name) is not null)
        {
            return Taken;
        }

        var chosen = await ChooseAsync(database, upstream, input.Workspaces, cancellation);
        if (chosen.Value is not { } workspaces)
        {
            return chosen.Refusal! with { Field = "workspaces" };
        }

        await audit.RecordAsync(AuditTypes.UpstreamAdded, actor, FactsOf(upstream));
        database.Upstreams.Add(upstreams.RowOf(upstream));
        foreach (var (row, folder) in workspaces)
        {
            await audit.RecordAsync(AuditTypes.WorkspaceMoved, actor, ("workspace", row.Key), ("upstream", upstream.Name), ("upstream_path", folder));
            (row.UpstreamName, row.UpstreamPath) = (upstream.Name, folder);
        }

        var saved = false;
        await MovingAsync([.. workspaces.Select(workspace => workspace.Row.Key)], async () => saved = await database.TrySaveAsync());
        return saved ? await SummaryAsync(database, upstream, CancellationToken.None) : Taken;
    }

    public async Task<Result<UpstreamSummary>> SetAsync(string name, UpstreamChange change, string actor, CancellationToken cancellation)
    {
        using var held = await places.HoldAsync(cancellation);
        await using var database = await databases.CreateDbContextAsync(cancellation);
        if (upstreams.Find(name) is not { } old || await database.Upstreams.SingleOrDefaultAsync(found => found.Name == name, cancellation) is not { } row)
        {
            return NoSuchUpstream;
        }

        var read = UpstreamRules.Read(change.AppliedTo(old));
        if (read.Value is not { } changed)
        {
            return read.Refusal!;
        }

        if (change.LeadsSecretElsewhere(old, changed))
        {
            return new Refusal("secret_needed", "The service credential was given for the old way to the host: give its secret again (--secret-stdin).");
        }

        var bound = await database.Workspaces.AsNoTracking().Where(workspace => workspace.UpstreamName == name).ToListAsync(cancellation);
        var named = await database.Repositories.AsNoTracking().Where(repository => repository.UpstreamName == name).ToListAsync(cancellation);
        if (await WhyNotThereAsync(database, changed, old, bound, named, cancellation) is { } refusal)
        {
            return refusal;
        }

        await audit.RecordAsync(AuditTypes.UpstreamChanged, actor, [.. FactsOf(changed), ("secret", change.Secret is null ? "kept" : "new")]);
        var stored = upstreams.RowOf(changed);
        (row.Settings, row.SealedSecret) = (stored.Settings, stored.SealedSecret);
        await MovingAsync(
            [.. bound.Select(workspace => workspace.Key).Union(named.Select(repository => repository.WorkspaceKey))],
            () => database.SaveChangesAsync(CancellationToken.None));
        checks.Forget(name);
        return await SummaryAsync(database, changed, CancellationToken.None);
    }

    /// <summary>Another address or mount may be somebody else's already, as for a new host.</summary>
    private async Task<Refusal?> WhyNotThereAsync(
        GatewayDbContext database, UpstreamDefinition changed, UpstreamDefinition old, List<WorkspaceRow> bound, List<RepositoryRow> named, CancellationToken cancellation)
    {
        if ((changed.Base, changed.Path, changed.Mount) == (old.Base, old.Path, old.Mount))
        {
            return null;
        }

        if (await places.WhyNotAsync(database, bound.Select(row => new BoundWorkspace(row.Key, changed, row.UpstreamPath ?? "")), cancellation) is { } refusal)
        {
            return refusal;
        }

        foreach (var row in (changed.Base, changed.Path) == (old.Base, old.Path) ? [] : named)
        {
            if (RepositoryPath.TryParse($"{row.WorkspaceKey}/{row.Name}", out var path)
                && await places.WhyNotAsync(database, path, changed, row.UpstreamPath ?? "", cancellation) is { } taken)
            {
                return taken;
            }
        }

        return null;
    }

    public async Task<Result<UpstreamDefinition>> RemoveAsync(string name, string actor, CancellationToken cancellation)
    {
        using var held = await places.HoldAsync(cancellation);
        await using var database = await databases.CreateDbContextAsync(cancellation);
        if (upstreams.Find(name) is not { } upstream || await database.Upstreams.SingleOrDefaultAsync(found => found.Name == name, cancellation) is not { } row)
        {
            return NoSuchUpstream;
        }

        var summary = await SummaryAsync(database, upstream, cancellation);
        if (summary.Repositories > 0 || summary.Workspaces.Count > 0)
        {
            var users = summary.Workspaces.Count > 0 ? string.Join(", ", summary.Workspaces.Select(workspace => workspace.Workspace)) : $"{summary.Repositories} repositories";
            return new Refusal("upstream_used_already", $"{name} serves {users}: move them first (countersign workspace move KEY --upstream local).");
        }

        await audit.RecordAsync(AuditTypes.UpstreamRemoved, actor, FactsOf(upstream));
        database.Upstreams.Remove(row);
        await database.SaveChangesAsync(CancellationToken.None);
        await upstreams.ReloadAsync(CancellationToken.None);
        checks.Forget(name);
        return upstream;
    }

    public async Task<Result<UpstreamFinding>> CheckAsync(string name, string? repository, CancellationToken cancellation)
    {
        if (upstreams.Find(name) is not { } upstream)
        {
            return NoSuchUpstream;
        }

        if (repository is not null && !UpstreamPaths.TryRepository(repository, out repository))
        {
            return new Refusal("bad_path", "That is no path of a repository at a Git host.");
        }

        await using var database = await databases.CreateDbContextAsync(cancellation);
        repository ??= await database.Repositories.Where(row => row.UpstreamName == name).Select(row => row.UpstreamPath).FirstOrDefaultAsync(cancellation);
        return await checks.RunAsync(upstream, repository, cancellation);
    }

    public async Task<Result<UpstreamFolder?>> MoveAsync(string workspace, string upstream, string? folder, string actor, CancellationToken cancellation)
    {
        using var held = await places.HoldAsync(cancellation);
        await using var database = await databases.CreateDbContextAsync(cancellation);
        var key = workspace.ToUpperInvariant();
        if (await database.Workspaces.SingleOrDefaultAsync(found => found.Key == key, cancellation) is not { } row)
        {
            return Refusals.NoSuchWorkspace;
        }

        var chosen = Choose(upstream, folder, workspace);
        if (chosen.Refusal is { } wrong)
        {
            return wrong;
        }

        if (await database.Repositories.AnyAsync(repository => repository.WorkspaceKey == key, cancellation))
        {
            return new Refusal("repositories_there_already", $"{key} has repositories: they would be somewhere else under the same name.");
        }

        var place = chosen.Value;
        if (place is not null && await places.WhyNotAsync(database, [new(key, upstreams.Find(place.Upstream)!, place.Folder)], cancellation) is { } refusal)
        {
            return refusal;
        }

        await audit.RecordAsync(AuditTypes.WorkspaceMoved, actor, ("workspace", key), ("upstream", place?.Upstream ?? ""), ("upstream_path", place?.Folder ?? ""));
        (row.UpstreamName, row.UpstreamPath) = (place?.Upstream, place?.Folder);
        await MovingAsync([key], () => database.SaveChangesAsync(CancellationToken.None));
        return place;
    }

    /// <summary>
    /// Nothing that was approved, waits or runs for the old place reaches the new one. Twice, because what begins between the first
    /// and the change was asked about the old place too.
    /// </summary>
    private async Task MovingAsync(IReadOnlyList<string> workspaces, Func<Task> change)
    {
        End();
        await change();
        await upstreams.ReloadAsync(CancellationToken.None);
        End();

        void End()
        {
            foreach (var workspace in workspaces)
            {
                endings.Raise(AccessEnded.ByMoving(workspace));
            }
        }
    }

    public Task<int> LiftAsync(PrincipalId person, string actor) => reported.LiftAsync(person, actor);

    public Result<UpstreamFolder?> Choose(string? upstream, string? folder, string key)
    {
        var name = upstream ?? (upstreams.List() is [var only] ? only.Name : UpstreamChoice.Local);
        if (name == UpstreamChoice.Local)
        {
            return folder is null ? default(Result<UpstreamFolder?>) : new Refusal("bad_folder", "This machine has no other folders: leave out the upstream path, or name a Git host.");
        }

        return upstreams.Find(name) is null ? NoSuchUpstream
            : UpstreamPaths.TryFolder(folder ?? key, out var clean) ? new UpstreamFolder(name, clean)
            : new Refusal("bad_folder", "The upstream path is a folder such as group/sub, in letters, digits, '-', '.', '_' and '~'; / for the root.");
    }

    private async Task<UpstreamSummary> SummaryAsync(GatewayDbContext database, UpstreamDefinition upstream, CancellationToken cancellation) => new(
        upstream,
        [.. (await database.Workspaces.AsNoTracking().Where(row => row.UpstreamName == upstream.Name).OrderBy(row => row.Key).ToListAsync(cancellation))
            .Select(row => new WorkspaceFolder(row.Key, row.UpstreamPath ?? ""))],
        await database.Repositories.CountAsync(row => row.UpstreamName == upstream.Name, cancellation),
        checks.StateOf(upstream.Name));

    /// <summary>
    /// The workspaces to serve: those that were named, or all without repositories, which have nothing to lose. Never one with
    /// repositories: another host's would appear under the names that people know.
    /// </summary>
    private async Task<Result<IReadOnlyList<(WorkspaceRow Row, string Folder)>>> ChooseAsync(
        GatewayDbContext database, UpstreamDefinition upstream, IReadOnlyList<string>? named, CancellationToken cancellation)
    {
        var empty = await database.Workspaces
            .Where(row => row.UpstreamName == null && !database.Repositories.Any(repository => repository.WorkspaceKey == row.Key))
            .OrderBy(row => row.Key)
            .ToListAsync(cancellation);
        var chosen = new List<(WorkspaceRow, string)>();
        var bound = new List<BoundWorkspace>();
        foreach (var word in named is [UpstreamChoice.None] ? [] : named ?? [.. empty.Select(row => row.Key)])
        {
            var (typed, folderText) = word.Split('=', 2) is [var before, var after] ? (before, after) : (word, word);
            var key = typed.ToUpperInvariant();
            if (empty.Find(row => row.Key == key) is not { } row)
            {
                return await database.Workspaces.AnyAsync(other => other.Key == key, cancellation)
                    ? new Refusal("workspace_used_already", $"{key} has repositories or is served from a Git host: only an empty workspace can be moved.")
                    : new Refusal("no_such_workspace", $"There is no workspace {key}. Add it afterwards: countersign workspace add KEY --upstream {upstream.Name}");
            }

            if (!UpstreamPaths.TryFolder(folderText, out var folder))
            {
                return new Refusal("bad_folder", $"{word}: the folder is such as group/sub, in letters, digits, '-', '.', '_' and '~'; / for the root.");
            }

            var workspace = new BoundWorkspace(key, upstream, folder);
            if (await places.WhyNotAsync(database, [.. bound, workspace], cancellation) is { } refusal)
            {
                if (named is null)
                {
                    continue; // nobody asked for this one
                }

                return refusal;
            }

            bound.Add(workspace);
            chosen.Add((row, folder));
        }

        return chosen;
    }

    private static (string, string)[] FactsOf(UpstreamDefinition upstream) =>
    [
        ("upstream", upstream.Name),
        ("kind", upstream.Kind),
        ("base", upstream.Base.AbsoluteUri),
        ("path", upstream.Path),
        ("mount", upstream.Mount is { } mount ? $"{mount}/" : ""),
        ("credentials", upstream.Credentials.ToString()),
        ("identity", upstream.Credentials == UpstreamCredentials.Passed ? upstream.Identity : ""),
        ("map", string.Join('\n', upstream.People.Select(entry => $"{entry.Key}={entry.Value}"))),
    ];
}
