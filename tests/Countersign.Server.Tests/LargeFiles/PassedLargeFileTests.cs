using System.Text;
using Countersign.Server.Enforcement;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Tests.Upstreams.Passed;

namespace Countersign.Server.Tests.LargeFiles;

/// <summary>Real git-lfs before a Git host that checks people itself; their credential comes from git's credential store, as it does at home.</summary>
[Trait("Category", "slow")]
public sealed class PassedLargeFileTests
{
    [Fact]
    public async Task A_stored_credential_pushes_and_clones_large_files_with_one_approval_each()
    {
        await using var story = await PassedStory.StartAsync(policy: null);
        await using var store = Serve(story);
        var secret = story.Accounts.SecretOf("ann");
        var stored = await StoreAsync(story, "ann", secret);
        var tree = await WorkTreeAsync(story);
        var (oid, content) = await LfsClient.CommitAsync(tree, "model.bin", 300_000);

        var push = tree.StartAsync("-c", stored.Setting, "push", "origin", "main");
        await story.Ann.ApproveNextAsync();
        var pushed = await push.Completion;
        Assert.True(pushed.ExitCode == 0, pushed.Error);
        Assert.Equal(content, store.Objects[oid]);

        story.Gateway.Clock.Advance(TimeSpan.FromMinutes(11));
        var outside = LfsClient.In(Path.Combine(story.Gateway.Folder.FullName, "outside"));
        var clone = outside.StartAsync("-c", stored.Setting, "clone", "-q", UrlOf(story), "clone");
        await story.Ann.ApproveNextAsync();
        var cloned = await clone.Completion;
        Assert.True(cloned.ExitCode == 0, cloned.Error);
        Assert.Equal(content, await File.ReadAllBytesAsync(Path.Combine(outside.Folder, "clone", "model.bin"), TestContext.Current.CancellationToken));

        Assert.Equal(2, story.Gateway.Get<ChallengeReader>().List(story.Ann.Id, 10).Count);
        var own = $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"ann:{secret}"))}";
        Assert.Equal([("PUT", own), ("GET", own)], store.Seen); // the host sees the person, for the objects too
        Assert.Equal(stored.Line, await File.ReadAllTextAsync(stored.File, TestContext.Current.CancellationToken)); // and git keeps it
    }

    [Fact]
    public async Task Attack_a_wrong_credential_brings_no_large_file_and_asks_nobody()
    {
        await using var story = await PassedStory.StartAsync(policy: null);
        await using var store = Serve(story);
        var stored = await StoreAsync(story, "ann", "a guess");
        var tree = await WorkTreeAsync(story);
        await LfsClient.CommitAsync(tree, "model.bin");
        Assert.NotEqual(0, (await tree.RunAsync("-c", stored.Setting, "push", "origin", "main")).ExitCode);
        Assert.NotEqual(0, (await tree.RunAsync("-c", stored.Setting, "lfs", "push", "origin", "main")).ExitCode);
        Assert.Empty(store.Objects);
        Assert.Empty(story.Gateway.Get<ChallengeReader>().ListAll(10));
    }

    /// <summary>Large files at the host's own origin, behind the same accounts.</summary>
    private static LfsStore Serve(PassedStory story)
    {
        var store = new LfsStore(story.Host.Base.GetLeftPart(UriPartial.Authority), signs: false);
        var accounts = story.Host.Before!;
        story.Host.Before = async context => await accounts(context) || await store.TryBatchAsync(context) || await store.TryObjectAsync(context);
        return store;
    }

    private static string UrlOf(PassedStory story) => $"http://localhost:{story.Gateway.Options.Http.Port}/scm/ACME/core.git";

    private static Task<GitClient> WorkTreeAsync(PassedStory story) =>
        LfsClient.WorkTreeAsync(Path.Combine(story.Host.Folder, "core.git"), Path.Combine(story.Gateway.Folder.FullName, "work", "tree"), UrlOf(story));

    private static async Task<(string File, string Line, string Setting)> StoreAsync(PassedStory story, string user, string secret)
    {
        var file = Path.Combine(story.Gateway.Folder.FullName, "credentials");
        var line = $"http://{user}:{Uri.EscapeDataString(secret)}@localhost%3a{story.Gateway.Options.Http.Port}\n";
        await File.WriteAllTextAsync(file, line, TestContext.Current.CancellationToken);
        return (file, line, $"credential.helper=store --file={file}");
    }
}
