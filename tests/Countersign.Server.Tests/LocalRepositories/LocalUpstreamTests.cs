using Countersign.Core.Git;

namespace Countersign.Server.Tests.LocalRepositories;

/// <summary>Real git against local repositories, in every protocol version.</summary>
public sealed class LocalUpstreamTests : IAsyncLifetime
{
    private GitServer _server = null!;
    private RepositoryPath _core = null!;
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await GitServer.StartAsync();
        Assert.True(RepositoryPath.TryParse("ACME/core", out _core!));
        await _server.Store.CreateSampleAsync(_core, Cancellation);
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_clone_a_push_and_a_fetch_work_in_every_version(int version)
    {
        var git = _server.Client(version);
        var ann = await git.CloneAsync(_server.AddressOf(_core));
        var bob = await git.CloneAsync(_server.AddressOf(_core));
        var commit = await git.CommitAsync(ann, "hello.txt", "hello");
        await git.RunAsync(ann, "push", "--quiet", "origin", "main");
        Assert.True(_server.Outcomes.Last().Succeeded);
        Assert.Equal("ok", _server.Outcomes.Last().Detail);
        await git.RunAsync(bob, "pull", "--quiet");
        Assert.Equal(commit, await git.RunAsync(bob, "rev-parse", "HEAD"));
        await git.RunAsync(bob, "fsck", "--strict");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task A_shallow_clone_deepens(int version)
    {
        var git = _server.Client(version);
        var ann = await git.CloneAsync(_server.AddressOf(_core));
        for (var number = 0; number < 5; number++)
        {
            await git.CommitAsync(ann, "count.txt", $"{number}");
        }

        await git.RunAsync(ann, "push", "--quiet", "origin", "main");
        var shallow = await git.CloneAsync(_server.AddressOf(_core), "--depth", "2");
        Assert.Equal("2", await git.RunAsync(shallow, "rev-list", "--count", "HEAD"));
        await git.CommitAsync(shallow, "from-shallow.txt", "x");
        await git.RunAsync(shallow, "push", "--quiet", "origin", "main");
        await git.RunAsync(shallow, "fetch", "--quiet", "--unshallow");
        Assert.Equal("7", await git.RunAsync(shallow, "rev-list", "--count", "HEAD"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task A_partial_clone_gets_its_blobs_when_it_needs_them(int version)
    {
        var git = _server.Client(version);
        var partial = await git.CloneAsync(_server.AddressOf(_core), "--filter=blob:none", "--no-checkout");
        Assert.Contains("?", await git.RunAsync(partial, "rev-list", "--objects", "--missing=print", "HEAD"), StringComparison.Ordinal);
        await git.RunAsync(partial, "checkout", "--quiet", "main");
        Assert.True(File.Exists(Path.Combine(partial, "README.md")));
    }

    [Fact]
    public async Task Push_options_and_atomic_pushes_are_taken()
    {
        var git = _server.Client();
        var ann = await git.CloneAsync(_server.AddressOf(_core));
        await git.CommitAsync(ann, "a.txt", "a");
        await git.RunAsync(ann, "push", "--quiet", "--atomic", "-o", "ci.skip", "origin", "HEAD:refs/heads/one", "HEAD:refs/heads/two");
        Assert.True(_server.Outcomes.Last().Succeeded);
        Assert.Equal(3, (await git.RunAsync(ann, "ls-remote", "--heads", "origin")).Split('\n').Length);
    }

    [Fact]
    public async Task A_push_that_only_deletes_has_no_pack_and_works()
    {
        var git = _server.Client();
        var ann = await git.CloneAsync(_server.AddressOf(_core));
        await git.RunAsync(ann, "push", "--quiet", "origin", "HEAD:refs/heads/old");
        await git.RunAsync(ann, "push", "--quiet", "origin", ":refs/heads/old");
        Assert.True(_server.Outcomes.Last().Succeeded);
        Assert.DoesNotContain("refs/heads/old", await git.RunAsync(ann, "ls-remote", "origin"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_ref_that_is_not_taken_makes_the_push_unsuccessful_although_git_exits_with_0()
    {
        var git = _server.Client();
        var ann = await git.CloneAsync(_server.AddressOf(_core));
        var run = await git.TryAsync(ann, "push", "origin", ":refs/heads/main", "HEAD:refs/heads/fine"); // the current branch stays
        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains("[remote rejected]", run.Error, StringComparison.Ordinal);
        var outcome = _server.Outcomes.Last();
        Assert.False(outcome.Succeeded);
        Assert.Equal("rejected", outcome.Detail);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task A_sha256_repository_is_served(int version)
    {
        Assert.True(RepositoryPath.TryParse("ACME/modern", out var modern));
        await _server.Store.CreateAsync(modern, ObjectFormat.Sha256, Cancellation);
        var git = _server.Client(version);
        var ann = git.NewFolder();
        await git.RunAsync(null, "init", "--quiet", "--object-format=sha256", ann);
        var commit = await git.CommitAsync(ann, "a.txt", "a");
        await git.RunAsync(ann, "push", "--quiet", _server.AddressOf(modern), "main");
        Assert.True(_server.Outcomes.Last().Succeeded);
        var clone = await git.CloneAsync(_server.AddressOf(modern));
        Assert.Equal(commit, await git.RunAsync(clone, "rev-parse", "HEAD"));
        Assert.Equal(64, commit.Length);
    }

    [Fact]
    public async Task A_fetch_with_many_commits_of_its_own_negotiates_over_several_rounds()
    {
        var git = _server.Client();
        var ann = await git.CloneAsync(_server.AddressOf(_core));
        var bob = await git.CloneAsync(_server.AddressOf(_core));
        var tree = await git.RunAsync(bob, "rev-parse", "HEAD^{tree}");
        var parent = await git.RunAsync(bob, "rev-parse", "HEAD");
        for (var number = 0; number < 60; number++)
        {
            parent = await git.RunAsync(bob, "commit-tree", "-p", parent, "-m", $"{number}", tree);
        }

        await git.RunAsync(bob, "reset", "--quiet", "--hard", parent);
        await git.CommitAsync(ann, "news.txt", "news");
        await git.RunAsync(ann, "push", "--quiet", "origin", "main");
        await git.RunAsync(bob, "fetch", "--quiet");
        Assert.Equal(await git.RunAsync(ann, "rev-parse", "main"), await git.RunAsync(bob, "rev-parse", "origin/main"));
    }

    [Fact]
    public async Task Progress_reaches_the_person_while_git_works()
    {
        var git = _server.Client();
        var run = await git.TryAsync(null, "clone", "--progress", _server.AddressOf(_core), git.NewFolder());
        Assert.Contains("remote: Enumerating objects", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_repository_that_is_not_there_is_said_before_the_first_byte()
    {
        Assert.True(RepositoryPath.TryParse("ACME/none", out var none));
        var git = _server.Client();
        var run = await git.TryAsync(null, "clone", _server.AddressOf(none), git.NewFolder());
        Assert.Contains("not found", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_repository_that_is_broken_on_disk_is_an_outage_and_its_path_is_not_told()
    {
        var bare = _server.BareFolder(_core);
        Directory.Delete(Path.Combine(bare, "objects"), recursive: true);
        var pipe = new System.IO.Pipelines.Pipe();
        var error = await Assert.ThrowsAsync<Enforcement.UpstreamUnavailableException>(
            () => _server.Upstream.AdvertiseAsync(new(new(GitService.UploadPack, _core), 2), pipe.Writer, Cancellation));
        Assert.Contains("ACME/core cannot be read", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(_server.Folder, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Objects_that_endanger_clients_are_refused_when_they_are_checked()
    {
        var git = _server.Client();
        var ann = await git.CloneAsync(_server.AddressOf(_core));
        await File.WriteAllTextAsync(Path.Combine(ann, "m"), "[submodule \"x\"]\n\tpath = -x\n\turl = -u./evil\n", Cancellation);
        var blob = await git.RunAsync(ann, "hash-object", "-w", "m");
        await git.RunAsync(ann, "update-index", "--add", "--cacheinfo", $"100644,{blob},.gitmodules");
        await git.RunAsync(ann, "commit", "--quiet", "-m", "Trap");
        var run = await git.TryAsync(ann, "push", "origin", "main");
        Assert.NotEqual(0, run.ExitCode);
        Assert.False(_server.Outcomes.Last().Succeeded);
    }
}
