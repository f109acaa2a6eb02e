using Countersign.Core.Git;
using Countersign.Server.Enforcement;
using Countersign.Server.Upstreams.LocalRepositories;
using Microsoft.Extensions.Options;

namespace Countersign.Server.Tests.LocalRepositories;

[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class LocalRepositoryStoreTests : IAsyncLifetime
{
    private GitServer _server = null!;
    private RepositoryPath _core = null!;
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await GitServer.StartAsync();
        Assert.True(RepositoryPath.TryParse("ACME/core", out _core!));
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task A_new_repository_is_empty_has_main_and_no_hooks()
    {
        Assert.False(_server.Store.Exists(_core));
        await _server.Store.CreateAsync(_core, ObjectFormat.Sha1, Cancellation);
        Assert.True(_server.Store.Exists(_core));
        var bare = _server.BareFolder(_core);
        Assert.Equal("ref: refs/heads/main", (await File.ReadAllTextAsync(Path.Combine(bare, "HEAD"), Cancellation)).Trim());
        Assert.False(Directory.Exists(Path.Combine(bare, "hooks")));
        Assert.EndsWith("repositories/ACME/core.git", bare, StringComparison.Ordinal);
        var git = _server.Client();
        Assert.Equal("", await git.RunAsync(null, "ls-remote", _server.AddressOf(_core)));
    }

    [Fact]
    public async Task The_sample_says_hello_and_is_by_countersign()
    {
        await _server.Store.CreateSampleAsync(_core, Cancellation);
        var git = _server.Client();
        var clone = await git.CloneAsync(_server.AddressOf(_core));
        Assert.Contains("you approved", await File.ReadAllTextAsync(Path.Combine(clone, "README.md"), Cancellation), StringComparison.Ordinal);
        Assert.Equal("Countersign", await git.RunAsync(clone, "log", "-1", "--format=%an"));
        await git.RunAsync(clone, "fsck", "--strict");
    }

    [Fact]
    public async Task A_repository_is_made_once()
    {
        await _server.Store.CreateSampleAsync(_core, Cancellation);
        await Assert.ThrowsAsync<UpstreamUnavailableException>(() => _server.Store.CreateAsync(_core, ObjectFormat.Sha1, Cancellation));
        Assert.NotEmpty(await _server.Client().RunAsync(_server.BareFolder(_core), "for-each-ref"));
    }

    [Theory]
    [InlineData("/nonexistent")]
    [InlineData("/etc")]
    [InlineData("--upload-pack=touch x")]
    public async Task An_import_of_what_is_no_repository_says_so_and_leaves_nothing(string source)
    {
        var error = await Assert.ThrowsAsync<UpstreamUnavailableException>(() => _server.Store.ImportAsync(_core, source, Cancellation));
        Assert.Contains("cannot be imported", error.Message, StringComparison.Ordinal);
        Assert.False(_server.Store.Exists(_core));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_server.Options.RepositoriesFolder));
    }

    [Fact]
    public async Task A_sha256_repository_is_imported_as_one()
    {
        var git = _server.Client();
        var source = git.NewFolder();
        await git.RunAsync(null, "init", "--quiet", "--object-format=sha256", source);
        var commit = await git.CommitAsync(source, "a.txt", "a");
        await _server.Store.ImportAsync(_core, source, Cancellation);
        Assert.Equal(commit, await git.RunAsync(_server.BareFolder(_core), "rev-parse", "refs/heads/main"));
    }

    [Fact]
    public void A_git_that_is_missing_stops_the_start_with_what_to_do()
    {
        var error = Assert.Throws<StartupException>(() => new GitExecutable(Options.Create(new RepositoriesOptions { GitPath = "/nonexistent/git" })));
        Assert.Contains("install git 2.34 or later", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("git version 2.33.8", "too old")]
    [InlineData("git version 1.9", "too old")]
    [InlineData("hello", "was not found")]
    public void A_git_that_is_too_old_or_none_stops_the_start(string answer, string expected)
    {
        var error = Assert.Throws<StartupException>(() => new GitExecutable(Options.Create(new RepositoriesOptions { GitPath = FakeGit(answer) })));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Theory]
    [InlineData("git version 2.34.1", 2, 34)]
    [InlineData("git version 2.39.5 (Apple Git-154)", 2, 39)]
    [InlineData("git version 2.50.0.windows.1", 2, 50)]
    [InlineData("git version 3.0-rc1", 3, 0)]
    public void A_newer_git_is_taken(string answer, int major, int minor) =>
        Assert.Equal(new(major, minor), new GitExecutable(Options.Create(new RepositoriesOptions { GitPath = FakeGit(answer) })).Version);

    private string FakeGit(string answer)
    {
        var path = Path.Combine(_server.Folder, $"git-{Guid.NewGuid():N}");
        File.WriteAllText(path, $"#!/bin/sh\necho '{answer}'\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        return path;
    }
}
