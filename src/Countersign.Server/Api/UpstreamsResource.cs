using Countersign.Server.People;
using Countersign.Server.Upstreams;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Countersign.Server.Api;

/// <param name="Key">The workspace.</param>
/// <param name="Folder">Its folder at the host; empty for the root.</param>
internal sealed record UpstreamWorkspaceView(string Key, string Folder);

/// <param name="Path">Below the base, where repositories begin.</param>
/// <param name="Mount">The prefix under which the gateway serves the same paths; null for none.</param>
/// <param name="Credentials">What the host gets to see: none, service or passed.</param>
/// <param name="User">The user name of the service credential.</param>
/// <param name="HasSecret">There is a service credential; its secret is never shown.</param>
/// <param name="Lfs">rewritten or direct.</param>
/// <param name="Identity">For passed credentials, where the person's name comes from.</param>
/// <param name="People">For passed credentials: the host's user names to the names here.</param>
/// <param name="Repositories">How many were added by name.</param>
/// <param name="Reachable">When it was last spoken with; null when nobody has since the start.</param>
internal sealed record UpstreamView(
    string Name, string Kind, string Base, string Path, string? Mount, string Credentials, string User, bool HasSecret, bool KeepHost,
    string? CertificateAuthorities, string? ClientCertificate, string? Proxy, string Lfs, string? Identity, IReadOnlyDictionary<string, string> People,
    IReadOnlyList<UpstreamWorkspaceView> Workspaces, int Repositories, bool? Reachable, DateTimeOffset? SpokenWithAt, string? LastFailure, DateTimeOffset? LastFailureAt)
{
    public static UpstreamView Of(UpstreamSummary summary)
    {
        var (upstream, state) = (summary.Definition, summary.State);
        return new(
            upstream.Name, upstream.Kind, upstream.Base.AbsoluteUri, upstream.Path, upstream.Mount is "" ? "/" : upstream.Mount,
            Words.Of(upstream.Credentials), upstream.ServiceUser, upstream.ServiceSecret is not null, upstream.KeepHost,
            upstream.CertificateAuthorities, upstream.ClientCertificate, upstream.Proxy?.AbsoluteUri, Words.Of(upstream.LfsTransfers),
            upstream.Credentials == UpstreamCredentials.Passed ? upstream.Identity : null, upstream.People,
            [.. summary.Workspaces.Select(workspace => new UpstreamWorkspaceView(workspace.Workspace, workspace.Folder))],
            summary.Repositories, state.Reachable, state.At, state.Failure, state.FailedAt);
    }
}

/// <param name="Repository">A path at the host; left out, one that is known, or one that is made up.</param>
internal sealed record UpstreamCheckInput(string? Repository = null);

/// <param name="Ok">It answers as a Git host does.</param>
/// <param name="Detail">One line.</param>
internal sealed record UpstreamCheckView(bool Ok, string Detail);

/// <param name="Lifted">How many credentials.</param>
internal sealed record LiftedView(int Lifted);

internal static class UpstreamsResource
{
    public static void Map(RouteGroupBuilder api)
    {
        var upstreams = api.MapGroup("/upstreams").WithTags("Upstreams");
        upstreams.MapGet("", ListAsync).For(ApiAccess.Administrator)
            .WithName("listUpstreams").WithSummary("The Git hosts that this gateway stands before.");
        upstreams.MapPost("", AddAsync).For(ApiAccess.Administrator, freshStepUp: true)
            .WithName("addUpstream").WithSummary("Add a Git host. Workspaces without repositories are served from it from now on.");
        upstreams.MapGet("/{name}", ShowAsync).For(ApiAccess.Administrator)
            .WithName("upstream").WithSummary("One Git host.");
        upstreams.MapPatch("/{name}", SetAsync).For(ApiAccess.Administrator, freshStepUp: true)
            .WithName("setUpstream").WithSummary("Change a Git host; what is left out stays. What waits or was approved for its workspaces ends.");
        upstreams.MapDelete("/{name}", RemoveAsync).For(ApiAccess.Administrator, freshStepUp: true)
            .WithName("removeUpstream").WithSummary("Remove a Git host that no workspace and no repository uses.");
        upstreams.MapPost("/{name}/check", CheckAsync).For(ApiAccess.Administrator, freshStepUp: true)
            .WithName("checkUpstream").WithSummary("Connect to a Git host and ask it for a repository.");
        api.MapPost("/people/{name}/lift", LiftAsync).For(ApiAccess.Administrator, freshStepUp: true).WithTags("People")
            .WithName("liftReported").WithSummary("Let in again a person's credentials for Git hosts that were reported as \"This wasn't me\".");
    }

    /// <summary>A credential of a Git host cannot be revoked here; "This wasn't me" refuses it until this is said.</summary>
    private static async Task<Results<Ok<LiftedView>, ProblemHttpResult>> LiftAsync(
        string name, Caller caller, IPeople people, IUpstreamDesk desk, CancellationToken cancellation) =>
        await people.FindAsync(name, cancellation) is { } person
            ? TypedResults.Ok(new LiftedView(await desk.LiftAsync(person.Id, caller.Actor)))
            : Refusals.NoSuchPerson.ToProblem();

    private static async Task<Ok<IReadOnlyList<UpstreamView>>> ListAsync(IUpstreamDesk desk, CancellationToken cancellation)
    {
        IReadOnlyList<UpstreamView> views = [.. (await desk.ListAsync(cancellation)).Select(UpstreamView.Of)];
        return TypedResults.Ok(views);
    }

    private static async Task<Results<Created<UpstreamView>, ProblemHttpResult>> AddAsync(
        UpstreamInput input, Caller caller, IUpstreamDesk desk, CancellationToken cancellation)
    {
        if (input.NamesFiles && !caller.IsLocalAdministrator)
        {
            return FilesAreLocal();
        }

        var result = await desk.AddAsync(input, caller.Actor, cancellation);
        return result.Value is { } upstream ? TypedResults.Created((string?)null, UpstreamView.Of(upstream)) : result.Refusal!.ToProblem();
    }

    private static async Task<Results<Ok<UpstreamView>, ProblemHttpResult>> ShowAsync(string name, IUpstreamDesk desk, CancellationToken cancellation) =>
        await desk.FindAsync(name, cancellation) is { } upstream ? TypedResults.Ok(UpstreamView.Of(upstream)) : Problems.NotFound("Git host");

    private static async Task<Results<Ok<UpstreamView>, ProblemHttpResult>> SetAsync(
        string name, UpstreamChange change, Caller caller, IUpstreamDesk desk, CancellationToken cancellation)
    {
        if (change.NamesFiles && !caller.IsLocalAdministrator)
        {
            return FilesAreLocal();
        }

        var result = await desk.SetAsync(name, change, caller.Actor, cancellation);
        return result.Value is { } upstream ? TypedResults.Ok(UpstreamView.Of(upstream)) : result.Refusal!.ToProblem();
    }

    /// <summary>Paths on the server, read with the gateway's rights: not for whoever comes over the network.</summary>
    private static ProblemHttpResult FilesAreLocal() =>
        Problems.Of(403, "local_administrator_required", "Certificate files can be named only on the gateway's own machine, with the countersign command.");

    private static async Task<Results<NoContent, ProblemHttpResult>> RemoveAsync(string name, Caller caller, IUpstreamDesk desk, CancellationToken cancellation) =>
        (await desk.RemoveAsync(name, caller.Actor, cancellation)).Refusal is { } refusal ? refusal.ToProblem() : TypedResults.NoContent();

    private static async Task<Results<Ok<UpstreamCheckView>, ProblemHttpResult>> CheckAsync(
        string name, UpstreamCheckInput input, IUpstreamDesk desk, CancellationToken cancellation)
    {
        var result = await desk.CheckAsync(name, input.Repository, cancellation);
        return result.Value is { } finding ? TypedResults.Ok(new UpstreamCheckView(finding.Ok, finding.Detail)) : result.Refusal!.ToProblem();
    }
}
