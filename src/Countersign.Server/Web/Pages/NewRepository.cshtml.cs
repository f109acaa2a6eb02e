using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Core.Policies;
using Countersign.Server.People;
using Microsoft.AspNetCore.Mvc;

namespace Countersign.Server.Web.Pages;

/// <summary>Makes a repository; for admins of a workspace.</summary>
internal sealed class NewRepositoryModel(IRepositories repositories, IWorkspaces workspaces) : SignedInPage
{
    [BindProperty(SupportsGet = true)]
    public string? Workspace { get; set; }

    [BindProperty]
    public string Name { get; set; } = "";

    [BindProperty]
    public bool IsPublic { get; set; }

    public IReadOnlyList<string> Keys { get; private set; } = [];

    public async Task<IActionResult> OnGetAsync() => await LoadAsync() ? Page() : NotFound();

    public async Task<IActionResult> OnPostAsync()
    {
        // The list is asked again: what the form offered is not what the person may do now.
        if (!await LoadAsync() || !Keys.Contains(Workspace ?? "", StringComparer.Ordinal))
        {
            return NotFound();
        }

        if (!RepositoryPath.TryParse($"{Workspace}/{Name}", out var path))
        {
            Trouble = "A name starts with a letter or digit and has only letters, digits, dot, dash and underscore.";
            return Page();
        }

        var made = await repositories.AddAsync(path, RepositoryKind.Repository, IsPublic, importPath: null, Me.Name, Cancellation);
        Trouble = made.Refusal?.Message;
        return Trouble is null ? Done("/repositories", "repository-made") : Page();
    }

    private async Task<bool> LoadAsync()
    {
        Keys = [.. (await workspaces.OfAsync(Me.Id, Cancellation))
            .Where(membership => membership is { Accepted: true, Role: Role.Admin })
            .Select(membership => membership.Workspace.Key)
            .Order(StringComparer.Ordinal)];
        return Keys.Count > 0;
    }
}
