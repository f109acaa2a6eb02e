using System.Globalization;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Upstreams.SmartHttp;

/// <summary>Real git through the whole gateway to a real git http-backend.</summary>
[Trait("Category", "slow")]
public sealed class SmartHttpTests : IAsyncLifetime
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
        await using var story = await FarStory.StartAsync(host);
        var ann = story.Git("ann", version);
        var bob = story.Git("bob", version);

        await story.Git("outside", version).SucceedAsync("clone", "-q", story.Url, ann.Folder);
        await story.Git("outside", version).SucceedAsync("clone", "-q", story.Url, bob.Folder);
        var tip = await ann.CommitAsync("new.txt", "new\n");
        await ann.SucceedAsync("push", "-q", "origin", "main");
        var completed = await story.LastCompletionAsync();
        Assert.Equal("ok", completed["outcome"]);
        Assert.NotEqual("0", completed["bytes_in"]);
        Assert.Equal(tip, await TipAsync());
        await bob.SucceedAsync("pull", "-q", "--ff-only", "origin", "main");
        Assert.Equal(tip, (await bob.SucceedAsync("rev-parse", "HEAD")).Output.Trim());
        await bob.SucceedAsync("fsck", "--strict");
        Assert.Contains("refs/heads/main", (await bob.SucceedAsync("ls-remote", "origin")).Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task A_shallow_clone_deepens_and_a_partial_one_gets_its_blobs(int version)
    {
        await using var story = await FarStory.StartAsync(host);
        var shallow = story.Git("shallow", version);
        await story.Git("outside", version).SucceedAsync("clone", "-q", "--depth", "1", story.Url, shallow.Folder);
        Assert.Equal("1", (await shallow.SucceedAsync("rev-list", "--count", "HEAD")).Output.Trim());
        await shallow.SucceedAsync("fetch", "-q", "--unshallow");
        Assert.Equal("3", (await shallow.SucceedAsync("rev-list", "--count", "HEAD")).Output.Trim());

        var partial = story.Git("partial", version);
        await story.Git("outside", version).SucceedAsync("clone", "-q", "--filter=blob:none", "--no-checkout", story.Url, partial.Folder);
        await partial.SucceedAsync("checkout", "-q", "main");
        Assert.True(File.Exists(Path.Combine(partial.Folder, "file3.txt")));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task A_fetch_with_many_commits_of_its_own_goes_through_compressed(int version)
    {
        await using var story = await FarStory.StartAsync(host);
        var tree = await story.WorkTreeAsync(bare, version);
        for (var number = 0; number < 150; number++)
        {
            await tree.SucceedAsync("commit", "-q", "--allow-empty", "-m", $"Commit {number.ToString(CultureInfo.InvariantCulture)}");
        }

        var other = await story.WorkTreeAsync(bare, version);
        var news = await other.CommitAsync("news.txt", "news\n");
        await other.SucceedAsync("push", "-q", "origin", "HEAD:main");
        host.Seen.Clear();

        await tree.SucceedAsync("fetch", "-q", "origin");

        Assert.Equal(news, (await tree.SucceedAsync("rev-parse", "origin/main")).Output.Trim());
        Assert.Contains(host.Seen, request => request.Header("Content-Encoding") == "gzip" && request.Header("Content-Length") is not null);
    }

    [Fact]
    public async Task A_push_larger_than_a_megabyte_streams_in_chunks_and_is_reported_on()
    {
        await using var story = await FarStory.StartAsync(host);
        var tree = await story.WorkTreeAsync(bare);
        var bytes = new byte[50 * 1024 * 1024];
        System.Security.Cryptography.RandomNumberGenerator.Fill(bytes);
        await File.WriteAllBytesAsync(Path.Combine(tree.Folder, "big.bin"), bytes, TestContext.Current.CancellationToken);
        var tip = await tree.CommitAsync("more.txt", "more\n");

        var push = await tree.SucceedAsync("push", "origin", "main");

        Assert.Equal(tip, await TipAsync());
        Assert.Contains("main -> main", push.Error, StringComparison.Ordinal);
        var seen = host.Seen.Last();
        Assert.Equal("chunked", seen.Header("Transfer-Encoding"));
        Assert.True(seen.Bytes > bytes.Length);
        Assert.Equal(seen.Bytes.ToString(CultureInfo.InvariantCulture), (await story.LastCompletionAsync())["bytes_in"]);

        var clone = story.Git("clone");
        await story.Git("outside").SucceedAsync("clone", "-q", story.Url, clone.Folder);
        Assert.Equal(bytes.Length, new FileInfo(Path.Combine(clone.Folder, "big.bin")).Length);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task A_held_clone_and_a_held_push_are_told_where_to_approve_and_go_on(int version)
    {
        await using var story = await FarStory.StartAsync(host, policy: null);
        var clone = story.Git("clone", version);
        var cloning = story.Git("outside", version).StartAsync("clone", story.Url, clone.Folder);
        var asked = await story.Ann.NextRequestAsync();
        Assert.DoesNotContain(host.Seen, request => request.Method == "POST" || version == 0);
        await story.Ann.ApproveAsync(asked);
        Assert.Equal(0, (await cloning.Completion).ExitCode);
        Assert.True(File.Exists(Path.Combine(clone.Folder, "file3.txt")));

        var before = await TipAsync();
        var tip = await clone.CommitAsync("new.txt", "new\n");
        var pushing = clone.StartAsync("push", "origin", "main");
        var push = await story.Ann.NextRequestAsync();
        Assert.Equal(before, await TipAsync());
        await story.Ann.ApproveAsync(push);
        var pushed = await pushing.Completion;
        Assert.True(pushed.ExitCode == 0, pushed.Error);
        Assert.Equal(tip, await TipAsync());
    }

    [Fact]
    public async Task A_rejected_push_is_told_by_ref_and_recorded_as_rejected()
    {
        await using var story = await FarStory.StartAsync(host);
        var tree = await story.WorkTreeAsync(bare);
        await tree.CommitAsync("new.txt", "new\n");
        await GitClient.RunBareAsync(bare, "config", "receive.denyDeletes", "true");

        var deleted = await tree.RunAsync("push", "origin", ":main");

        Assert.NotEqual(0, deleted.ExitCode);
        Assert.Contains("! [remote rejected] main (deletion prohibited)", deleted.Shown, StringComparison.Ordinal);
        Assert.Equal("rejected", (await story.LastCompletionAsync())["detail"]);
    }

    [Theory]
    [InlineData("", "", "")]
    [InlineData("/context", "", "")]
    [InlineData("", "/scm", "group/sub")]
    [InlineData("/context", "/scm", "~ann")]
    public async Task The_address_there_is_put_together_from_base_path_folder_and_name(string context, string path, string group)
    {
        await using var other = await GitHost.StartAsync(Path.Combine(folder.FullName, "other"), context + path);
        await other.AddRepositoryAsync(Path.Combine(group, "core.git"));
        await using var story = await FarStory.StartAsync(new("far", "smart-http", new(other.Base, context)) { Path = path }, folder: group);

        await story.Git("outside").SucceedAsync("clone", "-q", story.Url, "clone");

        var root = $"{context}{path}/{group}".TrimEnd('/');
        Assert.Equal(
            [$"GET {root}/core.git/info/refs?service=git-upload-pack", $"POST {root}/core.git/git-upload-pack", $"POST {root}/core.git/git-upload-pack"],
            other.Seen.Select(request => $"{request.Method} {request.Target}"));
    }

    private async Task<string> TipAsync() => (await GitClient.RunBareAsync(bare, "rev-parse", "refs/heads/main")).Output.Trim();
}
