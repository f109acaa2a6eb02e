using Countersign.Server.Enforcement;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.LargeFiles;

/// <summary>Real git with real git-lfs, held and approved.</summary>
[Trait("Category", "slow")]
public sealed class LargeFileCommandTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task One_approval_covers_a_push_with_its_large_files_and_one_a_clone_with_them(bool redirect)
    {
        await using var gateway = await GatewayFixture.StartAsync(settings: new() { ["Holds:Redirect"] = redirect.ToString() });
        var ann = await gateway.AddPersonAsync();
        var core = await gateway.AddRepositoryAsync();
        var tree = await LfsClient.WorkTreeAsync(gateway, ann);
        var (oid, content) = await LfsClient.CommitAsync(tree, "model.bin", 3_000_000);
        var tip = (await tree.SucceedAsync("rev-parse", "HEAD")).Output.Trim();

        var push = tree.StartAsync("push", "origin", "main");
        var request = await ann.NextRequestAsync();
        Assert.False(File.Exists(LfsClient.StoredAt(gateway, oid)));
        await ann.ApproveAsync(request);
        var pushed = await push.Completion;
        Assert.True(pushed.ExitCode == 0, pushed.Error);
        Assert.Equal(tip, await gateway.TipAsync(core));
        Assert.Equal(content, await File.ReadAllBytesAsync(LfsClient.StoredAt(gateway, oid), TestContext.Current.CancellationToken));
        Assert.Single(gateway.Get<ChallengeReader>().List(ann.Id, 10));

        var outside = LfsClient.In(Path.Combine(gateway.Folder.FullName, "work"));
        gateway.Clock.Advance(TimeSpan.FromMinutes(11)); // whatever was granted is over
        var clone = outside.StartAsync("clone", ann.UrlOf("ACME/core"), "clone");
        await ann.ApproveNextAsync();
        var cloned = await clone.Completion;
        Assert.True(cloned.ExitCode == 0, cloned.Error);
        Assert.Equal(content, await File.ReadAllBytesAsync(Path.Combine(outside.Folder, "clone", "model.bin"), TestContext.Current.CancellationToken));
        Assert.Equal(2, gateway.Get<ChallengeReader>().List(ann.Id, 10).Count);
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task A_held_batch_says_where_to_approve_and_its_repetition_joins_and_passes()
    {
        await using var gateway = await GatewayFixture.StartAsync(Policies.PushesAsked);
        var ann = await gateway.AddPersonAsync();
        var core = await gateway.AddRepositoryAsync();
        var tree = await LfsClient.WorkTreeAsync(gateway, ann);
        var (oid, _) = await LfsClient.CommitAsync(tree, "model.bin");
        var tip = (await tree.SucceedAsync("rev-parse", "HEAD")).Output.Trim();

        var waiting = gateway.Clock.WhenArmedAsync(TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(25));
        var push = tree.StartAsync("push", "origin", "main");
        var upload = await ann.NextRequestAsync();
        await waiting;
        gateway.Clock.Advance(TimeSpan.FromSeconds(25));
        var first = await push.Completion;
        Assert.NotEqual(0, first.ExitCode);
        Assert.Contains($"Not approved yet. Approve at {gateway.Url}/a/{upload.Id},", first.Error, StringComparison.Ordinal);
        Assert.Contains($"The number is {upload.Number}.", first.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(LfsClient.StoredAt(gateway, oid)));

        await ann.ApproveAsync(upload);
        var pushed = await tree.RunAsync("push", "origin", "main");
        Assert.True(pushed.ExitCode == 0, pushed.Error);
        Assert.True(File.Exists(LfsClient.StoredAt(gateway, oid)));
        Assert.Equal(tip, await gateway.TipAsync(core));
        Assert.Single(gateway.Get<ChallengeReader>().List(ann.Id, 10)); // the page said that the push follows
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task A_denied_upload_says_so_in_the_terminal_and_keeps_nothing()
    {
        await using var gateway = await GatewayFixture.StartAsync(Policies.PushesAsked);
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        var tree = await LfsClient.WorkTreeAsync(gateway, ann);
        var (oid, _) = await LfsClient.CommitAsync(tree, "model.bin");

        var push = tree.StartAsync("push", "origin", "main");
        var request = await ann.DenyNextAsync();
        var result = await push.Completion;
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains($"Denied: this upload of large files was refused (request {request.Id}).", result.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(LfsClient.StoredAt(gateway, oid)));
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task A_pull_brings_new_large_files_under_its_own_approval()
    {
        await using var gateway = await GatewayFixture.StartAsync(Policies.EverythingFree);
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        var tree = await LfsClient.WorkTreeAsync(gateway, ann);
        var other = await LfsClient.WorkTreeAsync(gateway, ann, "other");
        var (_, content) = await LfsClient.CommitAsync(tree, "model.bin");
        await tree.SucceedAsync("push", "origin", "main");
        await gateway.ApplyPolicyAsync("version: 1\nmode: enforce\nrules:\n  - name: all\n    effect: require\n");

        File.Delete(Path.Combine(other.Folder, ".gitattributes"));
        var pull = other.StartAsync("pull", "--ff-only", "origin", "main");
        await ann.ApproveNextAsync();
        var pulled = await pull.Completion;
        Assert.True(pulled.ExitCode == 0, pulled.Error);
        Assert.Equal(content, await File.ReadAllBytesAsync(Path.Combine(other.Folder, "model.bin"), TestContext.Current.CancellationToken));
        Assert.Single(gateway.Get<ChallengeReader>().List(ann.Id, 10));
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task A_file_that_somebody_else_has_locked_cannot_be_pushed_until_the_lock_is_gone()
    {
        await using var gateway = await GatewayFixture.StartAsync(Policies.EverythingFree);
        var ann = await gateway.AddPersonAsync();
        var bob = await gateway.AddPersonAsync("bob");
        var core = await gateway.AddRepositoryAsync();
        var hers = await LfsClient.WorkTreeAsync(gateway, ann, "hers");
        await LfsClient.CommitAsync(hers, "model.bin");
        await hers.SucceedAsync("push", "origin", "main");
        await hers.SucceedAsync("lfs", "lock", "model.bin");
        var his = await LfsClient.WorkTreeAsync(gateway, bob, "his");
        Assert.Contains("model.bin", (await his.SucceedAsync("lfs", "locks")).Output, StringComparison.Ordinal);
        Assert.NotEqual(0, (await his.RunAsync("lfs", "lock", "model.bin")).ExitCode);
        await his.SucceedAsync("lfs", "pull");
        File.SetAttributes(Path.Combine(his.Folder, "model.bin"), FileAttributes.Normal); // git-lfs keeps it read-only
        await LfsClient.CommitAsync(his, "model.bin");

        var halted = await his.RunAsync("push", "origin", "main");
        Assert.NotEqual(0, halted.ExitCode);
        Assert.Contains("* model.bin - ann", halted.Output, StringComparison.Ordinal); // git-lfs 3.3.0 says it on standard output

        var refused = await his.RunAsync("lfs", "unlock", "model.bin");
        Assert.NotEqual(0, refused.ExitCode);
        await his.SucceedAsync("lfs", "unlock", "--force", "model.bin");
        var pushed = await his.RunAsync("push", "origin", "main");
        Assert.True(pushed.ExitCode == 0, pushed.Error);
        Assert.Equal((await his.SucceedAsync("rev-parse", "HEAD")).Output.Trim(), await gateway.TipAsync(core));
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task Locks_outlive_the_gateway()
    {
        await using var gateway = await GatewayFixture.StartAsync(Policies.EverythingFree);
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        var tree = await LfsClient.WorkTreeAsync(gateway, ann);
        await LfsClient.CommitAsync(tree, "model.bin");
        await tree.SucceedAsync("lfs", "lock", "model.bin");
        await gateway.RestartAsync();
        Assert.Contains("model.bin", (await tree.SucceedAsync("lfs", "locks", "--verify")).Output, StringComparison.Ordinal);
        await tree.SucceedAsync("lfs", "unlock", "model.bin");
        Assert.DoesNotContain("model.bin", (await tree.SucceedAsync("lfs", "locks")).Output, StringComparison.Ordinal);
    }
}
