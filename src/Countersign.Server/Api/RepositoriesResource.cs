using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Server.People;
using Countersign.Server.Transports.Ssh;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Countersign.Server.Api;

/// <param name="Path">KEY/name.</param>
/// <param name="Kind">repository, wiki or snippet.</param>
/// <param name="Public">Everyone who signs in may read it.</param>
/// <param name="Import">A repository on the gateway's machine to copy; only there.</param>
/// <param name="UpstreamPath">Where its workspace's Git host has it; left out, in the workspace's folder under the same name.</param>
internal sealed record RepositoryInput(string Path, string Kind = "repository", bool Public = false, string? Import = null, string? UpstreamPath = null);

/// <param name="CloneUrl">For git clone.</param>
/// <param name="SshUrl">The same over SSH; null while that is not served.</param>
/// <param name="Upstream">The Git host that has it; null for this machine.</param>
/// <param name="UpstreamPath">Its path there.</param>
internal sealed record RepositoryView(
    string Path, string Kind, bool Public, string Role, string CloneUrl, string? SshUrl, DateTimeOffset CreatedAt, string? Upstream, string? UpstreamPath)
{
    public static RepositoryView Of(RepositorySummary repository, Uri url, SshState ssh) => new(
        repository.Path.ToString(), Words.Of(repository.Kind), repository.IsPublic, Words.Of(repository.Role),
        $"{url.GetLeftPart(UriPartial.Authority)}/scm/{repository.Path}.git", ssh.Facts is { } facts ? $"{facts.Url}/{repository.Path}.git" : null, repository.CreatedAt,
        repository.Place?.Upstream, repository.Place?.Folder);
}

/// <param name="Path">KEY/name.</param>
/// <param name="Kept">Where its files are now, on the gateway's machine; only told there. Null also at a Git host, where nothing changes.</param>
internal sealed record RepositoryRemovalView(string Path, string? Kept);

internal static class RepositoriesResource
{
    public static void Map(RouteGroupBuilder api)
    {
        var repositories = api.MapGroup("/repositories").WithTags("Repositories");
        repositories.MapGet("", ListAsync).For(ApiAccess.SignedIn)
            .WithName("listRepositories").WithSummary("Repositories that you may see; every one for the local administrator.");
        repositories.MapPost("", AddAsync).For(ApiAccess.SignedIn)
            .WithName("addRepository").WithSummary("A new repository, by an admin of its workspace.");
        repositories.MapDelete("/{key}/{name}", RemoveAsync).For(ApiAccess.Administrator, freshStepUp: true)
            .WithName("removeRepository").WithSummary("Serve a repository no longer. Its files on this machine are moved aside and kept; at a Git host nothing changes.");
    }

    private static async Task<Ok<IReadOnlyList<RepositoryView>>> ListAsync(
        Caller caller, IRepositories repositories, GatewayOptions options, SshState ssh, CancellationToken cancellation)
    {
        var found = caller.IsLocalAdministrator
            ? await repositories.ListAsync(cancellation)
            : await repositories.VisibleToAsync(caller.Person.Id, cancellation);
        IReadOnlyList<RepositoryView> views = [.. found.Select(repository => RepositoryView.Of(repository, options.Url, ssh))];
        return TypedResults.Ok(views);
    }

    private static async Task<Results<Ok<RepositoryRemovalView>, ProblemHttpResult>> RemoveAsync(
        string key, string name, Caller caller, IRepositories repositories, CancellationToken cancellation)
    {
        if (!RepositoryPath.TryParse($"{key}/{name}", out var path))
        {
            return Refusals.NoSuchRepository.ToProblem();
        }

        var result = await repositories.RemoveAsync(path, caller.Actor, cancellation);
        return result.Value is { } removal
            ? TypedResults.Ok(new RepositoryRemovalView(path.ToString(), caller.IsLocalAdministrator ? removal.Kept : null))
            : result.Refusal!.ToProblem();
    }

    private static async Task<Results<Created<RepositoryView>, ProblemHttpResult>> AddAsync(
        RepositoryInput input, Caller caller, IWorkspaces workspaces, IRepositories repositories, GatewayOptions options, SshState ssh, TimeProvider clock, CancellationToken cancellation)
    {
        if (!RepositoryPath.TryParse(input.Path, out var path))
        {
            return Problems.BadRequest("malformed_path", "path is KEY/name: letters, digits, dashes, underscores, and dots in the name.");
        }

        if (Words.ParseKind(input.Kind) is not { } kind)
        {
            return Problems.BadRequest("unknown_kind", "kind is repository, wiki or snippet.");
        }

        if (input.Import is not null && !caller.IsLocalAdministrator)
        {
            // A path on the server, read with the gateway's rights: not for whoever comes over the network.
            return Problems.Of(403, "local_administrator_required", "Importing can be done only on the gateway's own machine, with the countersign command.");
        }

        if (input.UpstreamPath is not null && caller.Session is { } session && !ApiDoor.IsFresh(session, clock.GetUtcNow()))
        {
            // It opens whatever the gateway's own credential for that host opens, as moving a workspace does.
            return ApiDoor.StepUpRequired();
        }

        switch (await WorkspacesResource.RoleOfAsync(caller, path.Workspace, workspaces, cancellation))
        {
            case Role.None:
                return Problems.NotFound("workspace");
            case not Role.Admin:
                return Problems.Of(403, "workspace_admin_required", "Only an admin of the workspace may do this.");
        }

        if (input is { UpstreamPath: not null, Import: not null })
        {
            return Problems.BadRequest("import_elsewhere", "Import it at the Git host, then add it here.");
        }

        if (input.UpstreamPath is not null && !caller.IsAdministrator)
        {
            // A path outside the workspace's folder is a repository that this workspace's admin may have nothing to do with.
            return Problems.Of(403, "administrator_required", "Only an administrator of the gateway may say where a Git host has a repository.");
        }

        var result = input.UpstreamPath is { } upstreamPath
            ? await repositories.RegisterAsync(path, kind, input.Public, upstreamPath, caller.Actor, cancellation)
            : await repositories.AddAsync(path, kind, input.Public, input.Import, caller.Actor, cancellation);
        return result.Value is { } repository
            ? TypedResults.Created((string?)null, RepositoryView.Of(repository, options.Url, ssh))
            : result.Refusal!.ToProblem();
    }
}
