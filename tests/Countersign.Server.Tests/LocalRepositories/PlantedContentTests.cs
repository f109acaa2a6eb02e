using Countersign.Core.Git;

namespace Countersign.Server.Tests.LocalRepositories;

/// <summary>Nothing that lies in a repository runs: not a hook, not a setting, not a remote.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class PlantedContentTests : IAsyncLifetime
{
    private static readonly string[] Hooks =
        ["pre-receive", "update", "post-receive", "post-update", "reference-transaction", "proc-receive", "push-to-checkout", "pre-auto-gc", "post-checkout"];

    private GitServer _server = null!;
    private RepositoryPath _core = null!;
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Evidence => Path.Combine(_server.Folder, "ran");

    public async ValueTask InitializeAsync()
    {
        _server = await GitServer.StartAsync();
        Assert.True(RepositoryPath.TryParse("ACME/core", out _core!));
        await _server.Store.CreateSampleAsync(_core, Cancellation);
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Hooks_that_lie_in_a_repository_do_not_run()
    {
        PlantHooks(Path.Combine(_server.BareFolder(_core), "hooks"));
        await UseAsync();
        Assert.False(File.Exists(Evidence));
    }

    [Fact]
    public async Task Settings_that_name_programs_do_not_run_them()
    {
        var bare = _server.BareFolder(_core);
        var hooks = Path.Combine(bare, "planted");
        PlantHooks(hooks);
        var script = Script(Path.Combine(bare, "program"));
        await File.AppendAllTextAsync(Path.Combine(bare, "config"), $"""
            [core]
                hooksPath = {hooks}
                fsmonitor = {script}
                alternateRefsCommand = {script}
                sshCommand = {script}
                pager = {script}
            [uploadpack]
                packObjectsHook = {script}
            [receive]
                autogc = true
                procReceiveRefs = refs/
            [gc]
                auto = 1
            """, Cancellation);
        Directory.CreateDirectory(Path.Combine(_server.Folder, "other", "objects"));
        await File.WriteAllTextAsync(Path.Combine(bare, "objects", "info", "alternates"), Path.Combine(_server.Folder, "other", "objects") + "\n", Cancellation);
        await UseAsync(mayFail: true);
        Assert.False(File.Exists(Evidence));
    }

    [Fact]
    public async Task A_promising_remote_does_not_make_the_server_fetch()
    {
        var bare = _server.BareFolder(_core);
        var script = Script(Path.Combine(bare, "program"));
        await File.AppendAllTextAsync(Path.Combine(bare, "config"), $"""
            [extensions]
                partialClone = origin
            [remote "origin"]
                url = ext::{script}
                promisor = true
                uploadpack = {script}
            [protocol]
                allow = always
            [protocol "ext"]
                allow = always
            """, Cancellation);
        var blob = await _server.Client().RunAsync(bare, "rev-parse", "refs/heads/main:README.md");
        File.Delete(Path.Combine(bare, "objects", blob[..2], blob[2..]));
        var git = _server.Client();
        var run = await git.TryAsync(null, "clone", _server.AddressOf(_core), git.NewFolder());
        Assert.NotEqual(0, run.ExitCode);
        Assert.False(File.Exists(Evidence));
    }

    [Fact]
    public async Task An_import_brings_branches_and_tags_and_nothing_that_runs()
    {
        var git = _server.Client();
        var source = git.NewFolder();
        await git.RunAsync(null, "init", "--quiet", "-b", "trunk", source);
        var commit = await git.CommitAsync(source, "a.txt", "a");
        await git.RunAsync(source, "tag", "v1");
        PlantHooks(Path.Combine(source, ".git", "hooks"));
        var script = Script(Path.Combine(source, ".git", "program"));
        await File.AppendAllTextAsync(Path.Combine(source, ".git", "config"), $"""
            [core]
                fsmonitor = {script}
                alternateRefsCommand = {script}
            [uploadpack]
                packObjectsHook = {script}
            [user]
                name = secret
            """, Cancellation);
        Assert.True(RepositoryPath.TryParse("ACME/imported", out var imported));
        await _server.Store.ImportAsync(imported, source, Cancellation);
        Assert.False(File.Exists(Evidence));
        var bare = _server.BareFolder(imported);
        Assert.False(Directory.Exists(Path.Combine(bare, "hooks")));
        var config = await File.ReadAllTextAsync(Path.Combine(bare, "config"), Cancellation);
        Assert.DoesNotContain("secret", config, StringComparison.Ordinal);
        Assert.DoesNotContain("remote", config, StringComparison.Ordinal);
        Assert.DoesNotContain(source, config, StringComparison.Ordinal);
        var clone = await git.CloneAsync(_server.AddressOf(imported));
        Assert.Equal(commit, await git.RunAsync(clone, "rev-parse", "origin/trunk"));
        Assert.Equal("v1", await git.RunAsync(clone, "tag"));
    }

    private async Task UseAsync(bool mayFail = false)
    {
        var git = _server.Client();
        var clone = git.NewFolder();
        var run = await git.TryAsync(null, "clone", "--quiet", _server.AddressOf(_core), clone);
        Assert.True(mayFail || run.ExitCode == 0, run.Error);
        if (run.ExitCode == 0)
        {
            await git.CommitAsync(clone, "a.txt", "a");
            var push = await git.TryAsync(clone, "push", "--quiet", "origin", "main", "HEAD:refs/heads/other");
            Assert.True(mayFail || push.ExitCode == 0, push.Error);
        }
    }

    private void PlantHooks(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (var hook in Hooks)
        {
            Script(Path.Combine(folder, hook));
        }
    }

    private string Script(string path)
    {
        File.WriteAllText(path, $"#!/bin/sh\ntouch {Evidence}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }
}
