using Countersign.Core.Git;
using Countersign.Core.Policies;
using Countersign.Server.People;
using Countersign.Server.Storage;
using Countersign.Server.Tests.Cli;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Upstreams;
using Microsoft.EntityFrameworkCore;

namespace Countersign.Server.Tests.Upstreams;

/// <summary>Two names for one repository would give it two policies; whoever could make a second name could choose the weaker one.</summary>
public sealed class AliasAttacks : IAsyncLifetime
{
    private GatewayFixture gateway = null!;

    public async ValueTask InitializeAsync()
    {
        gateway = await GatewayFixture.StartAsync();
        await DoneAsync("upstream add corp --kind smart-http --base https://git.example.org/ctx --path /scm");
        await DoneAsync("workspace add ACME");
    }

    public async ValueTask DisposeAsync() => await gateway.DisposeAsync();

    [Theory]
    [InlineData("other/core.git")]
    [InlineData("other/core")]
    [InlineData("OTHER/Core.GIT")]
    [InlineData("/other/core.git/")]
    public async Task Two_names_for_one_path_are_refused(string path)
    {
        await DoneAsync("repo add ACME/first --upstream-path other/core.git");
        Assert.Equal("ACME/first leads there already; one repository has one name and one policy.", await RefusedAsync($"repo add ACME/second --upstream-path {path}"));
    }

    [Theory]
    [InlineData("ACME/main.git")]
    [InlineData("acme/Main")]
    public async Task A_repository_has_no_other_name_than_the_one_that_its_folder_gives_it(string path) =>
        Assert.Equal("ACME/main leads there already: add it by that name.", await RefusedAsync($"repo add ACME/core --upstream-path {path}"));

    [Fact]
    public async Task Its_own_name_in_the_hosts_spelling_is_no_alias()
    {
        await DoneAsync("repo add ACME/main --upstream-path ACME/Main");
        Assert.Equal("ACME/Main", PlaceOf("acme/MAIN.git")!.Path);
    }

    [Fact]
    public async Task A_repository_in_another_workspaces_folder_is_refused()
    {
        await DoneAsync("workspace add SUB --upstream-path group/sub");
        Assert.Equal("SUB/core leads there already: add it by that name.", await RefusedAsync("repo add ACME/mine --upstream-path Group/Sub/core.git"));
        await DoneAsync("repo add ACME/mine --upstream-path later/core.git");
        Assert.Equal("ACME/mine is in that folder already; one repository has one name and one policy.", await RefusedAsync("workspace add LATER"));
    }

    [Theory]
    [InlineData("ACME")]
    [InlineData("acme")]
    [InlineData("/Acme/")]
    public async Task Two_workspaces_with_one_folder_are_refused(string folder) =>
        Assert.Equal("ACME serves that folder already; one repository has one name and one policy.", await RefusedAsync($"workspace add OTHER --upstream-path {folder}"));

    [Theory]
    [InlineData("https://git.example.org/ctx/scm", "/", "ACME")]
    [InlineData("https://GIT.example.org./ctx/", "/scm", "acme")]
    [InlineData("http://git.example.org/ctx/", "/scm", "acme")]
    [InlineData("https://git.example.org", "/CTX", "scm/acme")]
    [InlineData("https://git.example.org:443", "/", "ctx/scm/acme")]
    public async Task Two_descriptions_of_one_host_do_not_make_two_names(string address, string path, string folder)
    {
        await DoneAsync("workspace add EMPTY --upstream local");
        Assert.Contains(
            "serves that folder already",
            await RefusedAsync($"upstream add again --kind smart-http --base {address} --path {path} --mount none --workspace EMPTY={folder}"),
            StringComparison.Ordinal);
        await DoneAsync($"upstream add again --kind smart-http --base {address} --path {path} --mount none --workspace none");
        Assert.Contains("serves that folder already", await RefusedAsync($"workspace move EMPTY --upstream again --upstream-path {folder}"), StringComparison.Ordinal);
        Assert.Contains("serves that folder already", await RefusedAsync($"workspace add TWICE --upstream again --upstream-path {folder}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_within_a_folder_meets_it_nowhere()
    {
        await DoneAsync("workspace add GROUP --upstream-path group");
        await DoneAsync("workspace add SUB --upstream-path group/sub");
        var names = new[] { "core", "sub", "sub.git", "info", "group" };
        var places = names.SelectMany(name => new[] { PlaceOf($"GROUP/{name}"), PlaceOf($"SUB/{name}") }).Select(place => place!.Path.ToLowerInvariant()).Distinct().ToList();
        Assert.Equal(8, places.Count); // sub and sub.git are one name
        Assert.False(RepositoryPath.TryParse("GROUP/sub/core", out _));

        // Below the mount the longer prefix wins, and what it does not serve is served by nothing else.
        var mounts = gateway.Get<UpstreamStore>().Mounts;
        Assert.Equal("SUB/core", (GitHttpRequest.Parse("GET", "/scm/group/sub/core.git/info/refs?service=git-upload-pack", null, mounts) as GitHttpRequest.Valid)?.Repository.ToString());
        Assert.Equal("GROUP/core", (GitHttpRequest.Parse("GET", "/scm/group/core.git/info/refs?service=git-upload-pack", null, mounts) as GitHttpRequest.Valid)?.Repository.ToString());
    }

    [Fact]
    public async Task Two_mounts_under_one_prefix_are_refused()
    {
        await DoneAsync("upstream add second --kind smart-http --base https://second.example.org --path /scm --workspace none");
        Assert.Contains("ACME is served under /scm/acme already", await RefusedAsync("workspace add TWO --upstream second --upstream-path acme"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_workspace_with_repositories_never_goes_elsewhere()
    {
        await DoneAsync("workspace add FULL --upstream local");
        Assert.True(RepositoryPath.TryParse("FULL/core", out var path));
        Assert.Null((await gateway.Get<IRepositories>().AddAsync(path, RepositoryKind.Repository, false, null, "test", TestContext.Current.CancellationToken)).Refusal);
        var added = await DoneAsync("upstream add thief --kind smart-http --base https://thief.example.org --mount none");
        Assert.DoesNotContain("FULL", added, StringComparison.Ordinal);
        Assert.Contains("FULL has repositories", await RefusedAsync("upstream add thief2 --kind smart-http --base https://thief2.example.org --mount none --workspace FULL"), StringComparison.Ordinal);
        Assert.Null(PlaceOf("FULL/core"));
    }

    [Fact]
    public async Task Names_given_at_the_same_moment_still_are_one()
    {
        var both = await Task.WhenAll(Enumerable.Range(0, 8).Select(number => RunAsync($"repo add ACME/name{number} --upstream-path other/core.git")));
        Assert.Single(both, result => result.Exit == 0);
        await using var database = await gateway.Get<IDbContextFactory<GatewayDbContext>>().CreateDbContextAsync(TestContext.Current.CancellationToken);
        Assert.Equal(1, await database.Repositories.CountAsync(row => row.UpstreamPath == "other/core.git", TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("../other/core.git")]
    [InlineData("a/./core.git")]
    [InlineData("a//core.git")]
    [InlineData("a/core.git/objects/x.git")]
    [InlineData("a/core.git.git")]
    [InlineData("a/core%2egit")]
    [InlineData("a/core.git?x")]
    [InlineData("a\\core.git")]
    [InlineData(".git")]
    public async Task A_path_that_two_servers_could_read_differently_is_refused(string path) =>
        Assert.Contains("The upstream path is such as", await RefusedAsync($"repo add ACME/core --upstream-path {path}"), StringComparison.Ordinal);

    private UpstreamPlace? PlaceOf(string repository) => gateway.Get<UpstreamPlaces>().Find(RepositoryPath.TryParse(repository, out var path) ? path : throw new ArgumentException(repository));

    private Task<(int Exit, string Out, string Error)> RunAsync(string words) => CommandLineTests.RunAsync([.. words.Split(' '), "--data", gateway.Options.Data]);

    private async Task<string> DoneAsync(string words)
    {
        var (exit, output, error) = await RunAsync(words);
        Assert.True(exit == 0, error);
        return output;
    }

    private async Task<string> RefusedAsync(string words)
    {
        var (exit, output, error) = await RunAsync(words);
        Assert.Equal((1, ""), (exit, output));
        return error["countersign: ".Length..].TrimEnd();
    }
}
