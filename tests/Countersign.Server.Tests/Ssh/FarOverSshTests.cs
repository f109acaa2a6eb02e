using System.Globalization;
using Countersign.Server.Enforcement;
using Countersign.Server.Tests.Regressions;
using Countersign.Server.Tests.Upstreams.SmartHttp;
using Countersign.Server.Upstreams;

namespace Countersign.Server.Tests.Ssh;

/// <summary>SSH in, smart HTTP out: real git through the gateway to a real git http-backend.</summary>
[Trait("Category", "slow")]
public sealed class FarOverSshTests : IAsyncLifetime
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("countersign-far-");
    private GitHost host = null!;
    private string bare = null!;

    public async ValueTask InitializeAsync()
    {
        host = await GitHost.StartAsync(folder.FullName);
        bare = await host.AddRepositoryAsync("core.git");
    }

    public async ValueTask DisposeAsync()
    {
        await host.DisposeAsync();
        folder.Delete(recursive: true);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_clone_a_push_and_a_fetch_go_through_in_every_version(int version)
    {
        await using var story = await SshStory.StartAsync(host, bare);
        var ann = story.Git("ann", version);
        var bob = story.Git("bob", version);
        await story.Git("outside", version).SucceedAsync("clone", "-q", SshStory.Url, ann.Folder);
        await story.Git("outside", version).SucceedAsync("clone", "-q", SshStory.Url, bob.Folder);
        var tip = await ann.CommitAsync("new.txt", "new\n");
        await ann.SucceedAsync("push", "-q", "origin", "main");
        Assert.Equal(tip, await story.TipAsync());
        await bob.SucceedAsync("pull", "-q", "--ff-only", "origin", "main");
        Assert.Equal(tip, (await bob.SucceedAsync("rev-parse", "HEAD")).Output.Trim());
        await bob.SucceedAsync("fsck", "--strict");
        Assert.Contains("refs/heads/main", (await bob.SucceedAsync("ls-remote", "origin")).Output, StringComparison.Ordinal);
        await bob.SucceedAsync("fetch", "-q", "origin"); // nothing new
        await ann.SucceedAsync("push", "-q", "origin", "main"); // nothing new
        Assert.All(story.Relay.Seen, seen => Assert.Equal(0, seen.Status));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_fetch_with_three_hundred_commits_of_its_own_goes_through(int version)
    {
        await using var story = await SshStory.StartAsync(host, bare);
        var tree = await story.WorkTreeAsync("tree", version);
        for (var number = 0; number < 300; number++)
        {
            await tree.SucceedAsync("commit", "-q", "--allow-empty", "-m", $"Commit {number.ToString(CultureInfo.InvariantCulture)}");
        }

        var other = await story.WorkTreeAsync("other", version);
        var news = await other.CommitAsync("news.txt", "news\n");
        await other.SucceedAsync("-c", "safe.directory=*", "push", "-q", bare, "main");
        await tree.SucceedAsync("fetch", "-q", "origin");
        Assert.Equal(news, (await tree.SucceedAsync("rev-parse", "origin/main")).Output.Trim());
        await tree.SucceedAsync("fsck");
    }

    [Fact]
    public async Task A_shallow_clone_deepens_and_a_partial_one_gets_its_blobs()
    {
        await using var story = await SshStory.StartAsync(host, bare);
        var shallow = story.Git("shallow");
        await story.Git("outside").SucceedAsync("clone", "-q", "--depth", "1", SshStory.Url, shallow.Folder);
        Assert.Equal("1", (await shallow.SucceedAsync("rev-list", "--count", "HEAD")).Output.Trim());
        await shallow.SucceedAsync("fetch", "-q", "--deepen", "1");
        Assert.Equal("2", (await shallow.SucceedAsync("rev-list", "--count", "HEAD")).Output.Trim());
        await shallow.SucceedAsync("fetch", "-q", "--unshallow");
        Assert.Equal("3", (await shallow.SucceedAsync("rev-list", "--count", "HEAD")).Output.Trim());

        foreach (var version in new[] { 0, 2 })
        {
            var partial = story.Git($"partial{version}", version);
            await story.Git("outside", version).SucceedAsync("clone", "-q", "--filter=blob:none", "--no-checkout", SshStory.Url, partial.Folder);
            await partial.SucceedAsync("checkout", "-q", "main");
            Assert.True(File.Exists(Path.Combine(partial.Folder, "file3.txt")));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_shallow_clone_in_an_old_version_is_told_what_to_do(int version)
    {
        await using var story = await SshStory.StartAsync(host, bare);
        var result = await story.Git("outside", version).RunAsync("clone", "-q", "--depth", "1", SshStory.Url, "clone");
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("fatal: remote error: Over SSH this Git host serves shallow clones in Git protocol version 2 only.\nRun: git config --global protocol.version 2\nor use the HTTPS address.", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Push_options_atomic_and_forced_pushes_and_deletions_arrive()
    {
        await using var story = await SshStory.StartAsync(host, bare);
        await File.WriteAllTextAsync(Path.Combine(bare, "hooks", "pre-receive"), "#!/bin/sh\necho \"$GIT_PUSH_OPTION_COUNT $GIT_PUSH_OPTION_0\" >\"$(dirname \"$0\")/options\"\n", TestContext.Current.CancellationToken);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(Path.Combine(bare, "hooks", "pre-receive"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        var tree = await story.WorkTreeAsync();
        await tree.CommitAsync("new.txt", "new\n");
        await tree.SucceedAsync("push", "-q", "-o", "ci.skip", "--atomic", "origin", "main", "main:side");
        Assert.Equal("1 ci.skip\n", await File.ReadAllTextAsync(Path.Combine(bare, "hooks", "options"), TestContext.Current.CancellationToken));
        Assert.NotNull(await story.TipAsync("refs/heads/side"));
        await tree.SucceedAsync("push", "-q", "origin", ":side");
        Assert.Null(await story.TipAsync("refs/heads/side"));
        await tree.SucceedAsync("commit", "-q", "--amend", "-m", "Other words");
        await tree.SucceedAsync("push", "-q", "--force", "origin", "main");
        Assert.Equal((await tree.SucceedAsync("rev-parse", "HEAD")).Output.Trim(), await story.TipAsync());
    }

    [Fact]
    public async Task A_host_that_knows_no_version_2_is_spoken_to_in_version_0_and_its_refs_are_decided_on()
    {
        host.ForcesVersion0 = true;
        await using var story = await SshStory.StartAsync(host, bare, policy: null);
        var clone = story.Git("outside").StartAsync("clone", "-q", SshStory.Url, story.Git("clone").Folder);
        await story.Ann.ApproveNextAsync();
        var result = await clone.Completion;
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.True(File.Exists(Path.Combine(story.Git("clone").Folder, "file3.txt")));
    }

    [Fact]
    public async Task One_approval_covers_a_clone_and_one_a_push()
    {
        await using var story = await SshStory.StartAsync(host, bare, policy: null);
        var tree = story.Git("clone");
        var clone = story.Git("outside").StartAsync("clone", "-q", SshStory.Url, tree.Folder);
        await story.Ann.ApproveNextAsync();
        Assert.True((await clone.Completion).ExitCode == 0, (await clone.Completion).Error);

        var tip = await tree.CommitAsync("big.bin", new string('x', 3_000_000));
        var push = tree.StartAsync("push", "-q", "origin", "main");
        var request = await story.Ann.NextRequestAsync();
        Assert.DoesNotContain(host.Seen, seen => seen.Method == "POST" && seen.Target.EndsWith("git-receive-pack", StringComparison.Ordinal));
        await story.Ann.ApproveAsync(request);
        Assert.True((await push.Completion).ExitCode == 0, (await push.Completion).Error);
        Assert.Equal(tip, await story.TipAsync());
    }

    [Fact]
    public async Task A_host_that_checks_people_itself_is_shown_the_token_that_was_entered_for_it()
    {
        host.Credential = $"Basic {Convert.ToBase64String("ann:far-secret"u8)}";
        await using var story = await SshStory.StartAsync(host, bare, policy: null, UpstreamCredentials.Passed);
        var none = await story.Git("outside").RunAsync("ls-remote", SshStory.Url);
        Assert.Equal(
            $"fatal: remote error: The Git host far wants a token of yours, and SSH carries none.\nEnter it once at {story.Gateway.Url}/security  Then run the command again.",
            none.Error.Trim());
        Assert.Empty(host.Seen);
        Assert.Empty(story.Gateway.Get<ChallengeReader>().List(story.Ann.Id, 10)); // nobody was asked for what cannot be

        var tokens = story.Gateway.Get<IUpstreamTokens>();
        Assert.Null((await tokens.SetAsync(story.Ann.Id, "far", "ann", "far-secret", story.Relay.Client, "ann", TestContext.Current.CancellationToken)).Refusal);
        var clone = story.Git("outside").StartAsync("clone", "-q", SshStory.Url, "clone");
        await story.Ann.ApproveNextAsync();
        var cloned = await clone.Completion;
        Assert.True(cloned.ExitCode == 0, cloned.Error);

        host.Credential = "Basic bm90OmFueW1vcmU=";
        var refused = await story.Git("outside").RunAsync("ls-remote", SshStory.Url);
        Assert.Contains($"Enter the token that you have there at {story.Gateway.Url}/security", refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_leaves_its_side_open_after_its_pack_is_answered_all_the_same()
    {
        await using var story = await SshStory.StartAsync(host, bare);
        using var push = story.Relay.Begin(story.Key, "git-receive-pack '/ACME/core.git'");
        await push.WriteAsync(PushByHand.Head($"{PushByHand.Zero} {await story.TipAsync()} refs/heads/side") + PushByHand.EmptyPack);
        Assert.Equal(0, await push.EndAsync());
        Assert.NotNull(await story.TipAsync("refs/heads/side"));
    }

    [Theory]
    [InlineData(0, "0014command=ls-refs\n")]
    [InlineData(2, "0014command=whatever0000")]
    [InlineData(2, "zzzz")]
    public async Task What_is_no_fetch_is_told_and_asked_of_no_host(int version, string said)
    {
        await using var story = await SshStory.StartAsync(host, bare);
        var result = await story.Relay.RunAsync(story.Key, "git-upload-pack '/ACME/core.git'", System.Text.Encoding.ASCII.GetBytes(said), version);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("ERR Malformed request: ", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(host.Seen, seen => seen.Method == "POST");
    }

    [Fact]
    public async Task An_archive_is_refused_with_what_to_do_instead()
    {
        await using var story = await SshStory.StartAsync(host, bare, policy: null);
        var result = await story.Git("outside").RunAsync("archive", $"--remote={SshStory.Url}", "main");
        Assert.NotEqual(0, result.ExitCode);
        Assert.Equal("fatal: remote error: ACME/core is at the Git host far, where archives cannot be asked for.\nClone it, and run git archive in the clone.", result.Error.Trim());
        Assert.Empty(host.Seen);
    }

    [Theory]
    [InlineData(401, "did not take the gateway's own credential")]
    [InlineData(403, "does not allow this")]
    [InlineData(404, "knows no repository")]
    [InlineData(500, "answered with an error (500)")]
    public async Task What_a_host_says_is_told_in_every_command(int status, string text)
    {
        await using var story = await SshStory.StartAsync(host, bare);
        var tree = await story.WorkTreeAsync();
        await tree.CommitAsync("new.txt", "new\n");
        host.Instead = context =>
        {
            context.Response.StatusCode = status;
            return Task.CompletedTask;
        };
        foreach (var arguments in new string[][] { ["fetch"], ["push", "origin", "main"], ["ls-remote"] })
        {
            var result = await tree.RunAsync(arguments);
            Assert.NotEqual(0, result.ExitCode);
            Assert.Contains("fatal: remote error: ", result.Error, StringComparison.Ordinal);
            Assert.Contains(text, result.Error, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(411, "takes only requests whose length is known beforehand (411)")]
    [InlineData(413, "does not take a push of this size")]
    public async Task A_host_that_fails_at_the_push_itself_is_told_behind_each_ref(int status, string text)
    {
        await using var story = await SshStory.StartAsync(host, bare);
        var tree = await story.WorkTreeAsync();
        await tree.CommitAsync("big.bin", Convert.ToBase64String(System.Security.Cryptography.RandomNumberGenerator.GetBytes(2_000_000)));
        host.Before = context =>
        {
            var isPush = context.Request.Method == "POST";
            context.Response.StatusCode = isPush ? status : 200;
            return Task.FromResult(isPush);
        };
        var result = await tree.RunAsync("push", "origin", "main");
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains(text, result.Shown, StringComparison.Ordinal);
        Assert.Contains(" ! [remote rejected] main -> main", result.Shown, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_that_is_down_is_told()
    {
        await using var story = await SshStory.StartAsync(host, bare);
        await host.DisposeAsync();
        var result = await story.Git("outside").RunAsync("ls-remote", SshStory.Url);
        Assert.Contains("fatal: remote error: The Git host far cannot be reached.", result.Error, StringComparison.Ordinal);
    }
}
