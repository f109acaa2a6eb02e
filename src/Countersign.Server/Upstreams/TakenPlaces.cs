using Countersign.Core.Git;
using Countersign.Server.People;
using Countersign.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Countersign.Server.Upstreams;

/// <summary>A workspace whose repositories are in a folder of a Git host.</summary>
internal sealed record BoundWorkspace(string Key, UpstreamDefinition Upstream, string Folder)
{
    public string Address => UpstreamPaths.Address(Upstream, Folder);

    public string? Prefix => Upstream.Mount is { } mount ? $"{mount}/{Folder}".TrimEnd('/') : null;
}

/// <summary>
/// No two names may lead to one repository: it would have two policies, and whoever is asked for one name's rules would go by
/// the other. Held while a place is given away, so that two cannot take the same one at once.
/// </summary>
internal sealed class TakenPlaces(UpstreamStore upstreams) : IDisposable
{
    private readonly SemaphoreSlim gate = new(1, 1);

    /// <summary>Nobody else gives a place away until this is disposed.</summary>
    public async Task<IDisposable> HoldAsync(CancellationToken cancellation)
    {
        await gate.WaitAsync(cancellation);
        return new Held(gate);
    }

    public void Dispose() => gate.Dispose();

    /// <summary>Why the workspaces cannot be served from there; null when they can.</summary>
    public async Task<Refusal?> WhyNotAsync(GatewayDbContext database, IEnumerable<BoundWorkspace> added, CancellationToken cancellation)
    {
        var bound = await BoundAsync(database, cancellation);
        var registered = await database.Repositories.AsNoTracking().Where(row => row.UpstreamName != null).ToListAsync(cancellation);
        foreach (var workspace in added)
        {
            if (bound.Find(other => other.Key != workspace.Key && other.Address == workspace.Address) is { } same)
            {
                return Taken($"{same.Key} serves that folder already; one repository has one name and one policy.");
            }

            if (workspace.Prefix is { } prefix && bound.Find(other => other.Key != workspace.Key && prefix.Equals(other.Prefix, StringComparison.OrdinalIgnoreCase)) is { } mounted)
            {
                return Taken($"{mounted.Key} is served under {(prefix.Length > 0 ? prefix : "/")} already; give the Git host another mount, or none.");
            }

            if (registered.Find(row => row.WorkspaceKey != workspace.Key && IsServedBy(workspace, upstreams.Find(row.UpstreamName!)!, row.UpstreamPath!) is not null) is { } inside)
            {
                return Taken($"{inside.WorkspaceKey}/{inside.Name} is in that folder already; one repository has one name and one policy.");
            }

            bound.Add(workspace);
        }

        return null;
    }

    /// <summary>Why the repository cannot have that name; null when it can.</summary>
    public async Task<Refusal?> WhyNotAsync(GatewayDbContext database, RepositoryPath repository, UpstreamDefinition upstream, string path, CancellationToken cancellation)
    {
        var address = UpstreamPaths.Address(upstream, path);
        var registered = await database.Repositories.AsNoTracking().Where(row => row.UpstreamName != null).ToListAsync(cancellation);
        if (registered.Find(row => UpstreamPaths.Address(upstreams.Find(row.UpstreamName!)!, row.UpstreamPath!) == address) is { } same)
        {
            return Taken($"{same.WorkspaceKey}/{same.Name} leads there already; one repository has one name and one policy.");
        }

        // What nobody added is served too, under the name that it has in its workspace's folder.
        var name = (await BoundAsync(database, cancellation)).Select(workspace => IsServedBy(workspace, upstream, path)).FirstOrDefault(name => name is not null);
        return name is null || name == repository ? null : Taken($"{name} leads there already: add it by that name.");
    }

    private async Task<List<BoundWorkspace>> BoundAsync(GatewayDbContext database, CancellationToken cancellation) =>
        [.. (await database.Workspaces.AsNoTracking().Where(row => row.UpstreamName != null).ToListAsync(cancellation))
            .Select(row => new BoundWorkspace(row.Key, upstreams.Find(row.UpstreamName!)!, row.UpstreamPath ?? ""))];

    /// <summary>The name under which the workspace serves what is at the path; null when it does not.</summary>
    private static RepositoryPath? IsServedBy(BoundWorkspace workspace, UpstreamDefinition upstream, string path)
    {
        var address = UpstreamPaths.Address(upstream, path);
        var end = address.LastIndexOf('/');
        return address[..end] == workspace.Address ? UpstreamPaths.NameOf(workspace.Key, address[(end + 1)..]) : null;
    }

    private static Refusal Taken(string message) => new("place_taken", message);

    private sealed class Held(SemaphoreSlim gate) : IDisposable
    {
        private int released;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref released, 1) == 0)
            {
                gate.Release();
            }
        }
    }
}
