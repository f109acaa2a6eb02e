using Countersign.Core.Identities;
using Countersign.Core.Policies;
using Countersign.Server.People;
using Countersign.Server.Transports.Ssh;
using Countersign.Server.Upstreams;
using Countersign.Server.Web.Views;
using Microsoft.AspNetCore.Mvc;

namespace Countersign.Server.Web.Pages;

/// <summary>The repositories that the person may see, with the line to clone each, and why one is closed.</summary>
internal sealed class RepositoryListModel(IRepositories repositories, IWorkspaces workspaces, IUpstreamDesk upstreams, GatewayOptions options, SshState ssh) : SignedInPage
{
    [BindProperty(SupportsGet = true, Name = "q")]
    public string? Search { get; set; }

    public IReadOnlyList<RepositorySummary> Found { get; private set; } = [];

    public int InAll { get; private set; }

    public bool MayAdd { get; private set; }

    /// <summary>A person without a second factor sees that a repository exists, and how to open it.</summary>
    public bool Closed => Me.Factors.Count == 0;

    /// <summary>The workspaces that a Git host serves, by key, where its address differs by the host alone.</summary>
    public IReadOnlyDictionary<string, string> Prefixes { get; private set; } = new Dictionary<string, string>();

    /// <summary>The person's workspaces at a Git host: what is there need not be added here, so no list names it.</summary>
    public IReadOnlyList<WorkspaceSummary> Hosted { get; private set; } = [];

    public async Task OnGetAsync()
    {
        var visible = await repositories.VisibleToAsync(Me.Id, Cancellation);
        InAll = visible.Count;
        Found = [.. visible
            .Where(repository => string.IsNullOrWhiteSpace(Search) || repository.Path.ToString().Contains(Search.Trim(), StringComparison.OrdinalIgnoreCase))
            .OrderBy(repository => repository.Path.ToString(), StringComparer.Ordinal)];
        Prefixes = (await upstreams.ListAsync(Cancellation))
            .SelectMany(upstream => upstream.Workspaces.Select(workspace => new BoundWorkspace(workspace.Workspace, upstream.Definition, workspace.Folder)))
            .Where(workspace => workspace.Prefix is { } prefix && !prefix.Equals($"/scm/{workspace.Key}", StringComparison.OrdinalIgnoreCase))
            .ToDictionary(workspace => workspace.Key, workspace => workspace.Prefix!);
        var mine = await workspaces.OfAsync(Me.Id, Cancellation);
        MayAdd = mine.Any(membership => membership is { Accepted: true, Role: Role.Admin });
        Hosted = [.. mine.Where(membership => membership is { Accepted: true, Workspace.Folder: not null }).Select(membership => membership.Workspace)];
    }

    /// <summary>Null while Git over SSH is not served.</summary>
    public SshFacts? Ssh => ssh.Facts;

    public string Address(RepositorySummary repository) => CloneLine.Address(options, Me.Name, repository.Path);

    /// <summary>What to clone, but for the name.</summary>
    public string Address(WorkspaceSummary workspace) =>
        new UriBuilder(options.Url) { UserName = Uri.EscapeDataString(Me.Name), Path = $"/scm/{workspace.Key}/NAME.git" }.Uri.AbsoluteUri;

    /// <summary>The address below the Git host's own path, for those who change the host name in their remotes and nothing else.</summary>
    public string? Mounted(RepositorySummary repository) =>
        Prefixes.TryGetValue(repository.Path.Workspace, out var prefix) ? $"{options.Url.GetLeftPart(UriPartial.Authority)}{prefix}/{repository.Path.Name}.git" : null;

    public static string KindOf(RepositorySummary repository) => repository.Kind switch
    {
        RepositoryKind.Wiki => "wiki",
        RepositoryKind.Snippet => "snippet",
        _ => "repository",
    };
}
