using Countersign.Core.Identities;
using Countersign.Core.Policies;
using Countersign.Server.People;
using Countersign.Server.Web.Views;
using Microsoft.AspNetCore.Mvc;

namespace Countersign.Server.Web.Pages;

/// <summary>The repositories that the person may see, with the line to clone each, and why one is closed.</summary>
internal sealed class RepositoryListModel(IRepositories repositories, IWorkspaces workspaces, GatewayOptions options) : SignedInPage
{
    [BindProperty(SupportsGet = true, Name = "q")]
    public string? Search { get; set; }

    public IReadOnlyList<RepositorySummary> Found { get; private set; } = [];

    public int InAll { get; private set; }

    public bool MayAdd { get; private set; }

    /// <summary>A person without a second factor sees that a repository exists, and how to open it.</summary>
    public bool Closed => Me.Factors.Count == 0;

    public async Task OnGetAsync()
    {
        var visible = await repositories.VisibleToAsync(Me.Id, Cancellation);
        InAll = visible.Count;
        Found = [.. visible
            .Where(repository => string.IsNullOrWhiteSpace(Search) || repository.Path.ToString().Contains(Search.Trim(), StringComparison.OrdinalIgnoreCase))
            .OrderBy(repository => repository.Path.ToString(), StringComparer.Ordinal)];
        MayAdd = (await workspaces.OfAsync(Me.Id, Cancellation)).Any(membership => membership is { Accepted: true, Role: Role.Admin });
    }

    public string Address(RepositorySummary repository) => CloneLine.Address(options, Me.Name, repository.Path);

    public static string KindOf(RepositorySummary repository) => repository.Kind switch
    {
        RepositoryKind.Wiki => "wiki",
        RepositoryKind.Snippet => "snippet",
        _ => "repository",
    };
}
