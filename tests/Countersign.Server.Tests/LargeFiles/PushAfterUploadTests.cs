using Countersign.Core.Challenges;
using Countersign.Server.Audit;
using Countersign.Server.Enforcement;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.LargeFiles;

/// <summary>Where reading is free: one approval for an upload and the push that follows it, with real git-lfs, and what is tried with it.</summary>
[Trait("Category", "slow")]
public sealed class PushAfterUploadTests : IAsyncLifetime
{
    private GatewayFixture gateway = null!;
    private TestPerson ann = null!;
    private GitClient tree = null!;

    public async ValueTask InitializeAsync()
    {
        gateway = await GatewayFixture.StartAsync(Policies.PushesAsked);
        ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        tree = await LfsClient.WorkTreeAsync(gateway, ann);
        await LfsClient.CommitAsync(tree, "model.bin");
    }

    public async ValueTask DisposeAsync()
    {
        await gateway.AssertInvariantsAsync();
        await gateway.DisposeAsync();
    }

    [Fact]
    public async Task One_approval_covers_the_upload_and_the_push_and_the_records_say_so()
    {
        var request = await PushAsync("push", "origin", "main");
        Assert.Equal(1, Asked);
        var records = (await gateway.AuditAsync()).Select(record => record.Event).ToList();
        Assert.Equal("refs/heads/main", Assert.Single(records, each => each.Type == AuditTypes.ChallengeApproved).Facts["lfs_then_push"]);
        var push = Assert.Single(records, each => each.Type == AuditTypes.CommandDecided && each.Facts.ContainsKey("refs"));
        Assert.Equal((request.Id.Value, "CoveredByGrant"), (push.Facts["challenge"], push.Facts["reason"]));

        await tree.CommitAsync("file.txt", "another push");
        var second = tree.StartAsync("push", "origin", "main");
        Assert.True((await ann.DenyNextAsync()).Command.RefsKnown); // it was for one push
        Assert.NotEqual(0, (await second.Completion).ExitCode);
    }

    [Fact]
    public async Task One_approval_covers_the_upload_and_the_push_of_a_new_branch()
    {
        await PushAsync("push", "origin", "HEAD:refs/heads/new");
        Assert.Equal(1, Asked);
    }

    public static TheoryData<string[]> Others => new()
    {
        new[] { "push", "--force", "origin", "main" },
        new[] { "push", "origin", "main", "HEAD:refs/heads/other" },
        new[] { "push", "-o", "merge", "origin", "main" },
    };

    [Theory]
    [MemberData(nameof(Others))]
    public async Task Attack_a_push_that_does_more_is_asked_about_with_its_refs(string[] words)
    {
        await tree.SucceedAsync("push", "--no-verify", "--dry-run", "origin", "main"); // begun, and never ended
        gateway.Clock.Advance(TimeSpan.FromHours(1));
        if (words[1] == "--force")
        {
            await tree.SucceedAsync("reset", "-q", "--soft", "HEAD~2");
            await tree.SucceedAsync("commit", "-q", "-m", "Replace history");
        }

        var push = tree.StartAsync(words);
        Assert.True((await ann.ApproveNextAsync()).Command.Lfs!.ThenPush);
        var asked = await ann.DenyNextAsync();
        Assert.True(asked.Command.RefsKnown);
        Assert.NotEqual(0, (await push.Completion).ExitCode);
    }

    [Fact]
    public async Task Attack_an_upload_beside_two_pushes_that_are_under_way_is_for_none_of_them()
    {
        // Whoever has the token begins a push and waits for somebody to approve an upload.
        await new GitClient(tree.Folder).SucceedAsync("push", "--no-verify", "--dry-run", "origin", "main");
        var push = tree.StartAsync("push", "origin", "main");
        var upload = await ann.ApproveNextAsync();
        Assert.False(upload.Command.Lfs!.ThenPush);
        Assert.True((await ann.ApproveNextAsync()).Command.RefsKnown);
        Assert.Equal(0, (await push.Completion).ExitCode);
    }

    [Fact]
    public async Task Attack_a_push_that_lies_in_wait_is_not_taken_for_that_of_an_upload_by_itself()
    {
        await tree.SucceedAsync("push", "--no-verify", "--dry-run", "origin", "main");
        gateway.Clock.Advance(TimeSpan.FromMinutes(5));
        var push = tree.StartAsync("lfs", "push", "origin", "main");
        Assert.False((await ann.ApproveNextAsync()).Command.Lfs!.ThenPush);
        Assert.Equal(0, (await push.Completion).ExitCode);
    }

    [Fact]
    public async Task A_client_without_a_key_is_asked_twice()
    {
        await using var plain = await GatewayFixture.StartAsync(Policies.PushesAsked, new() { ["Holds:Redirect"] = "false" });
        var bob = await plain.AddPersonAsync("bob");
        await plain.AddRepositoryAsync();
        var his = await LfsClient.WorkTreeAsync(plain, bob);
        await LfsClient.CommitAsync(his, "model.bin");
        var push = his.StartAsync("push", "origin", "main");
        Assert.False((await bob.ApproveNextAsync()).Command.Lfs!.ThenPush);
        Assert.True((await bob.ApproveNextAsync()).Command.RefsKnown);
        Assert.Equal(0, (await push.Completion).ExitCode);
    }

    [Fact]
    public async Task A_rule_for_the_branch_that_asks_for_more_asks_about_the_push()
    {
        await gateway.ApplyPolicyAsync(
            "version: 1\nmode: enforce\nrules:\n  - { name: reads, operations: [read], effect: allow }\n  - { name: writes, operations: [write], effect: require }\n"
            + "  - { name: changes, changes: [update], require: { number: true } }\n");
        var push = tree.StartAsync("push", "origin", "main");
        Assert.True((await ann.ApproveNextAsync()).Command.Lfs!.ThenPush);
        var asked = await ann.NextRequestAsync();
        Assert.True(asked is { Requirement.Number: true, Command.RefsKnown: true });
        Assert.Equal(ApprovalOutcome.Done, (await ann.ApproveAsync(asked, asked.Number)).Outcome);
        Assert.Equal(0, (await push.Completion).ExitCode);
    }

    private int Asked => gateway.Get<ChallengeReader>().List(ann.Id, 10).Count;

    private async Task<Challenge> PushAsync(params string[] words)
    {
        var push = tree.StartAsync(words);
        var request = await ann.ApproveNextAsync();
        Assert.True(request.Command.Lfs!.ThenPush);
        var pushed = await push.Completion;
        Assert.True(pushed.ExitCode == 0, pushed.Error);
        return request;
    }
}
