using Countersign.Core.Challenges;
using Countersign.Server.Enforcement;
using Countersign.Server.People;
using Countersign.Server.Tests.LargeFiles;
using Countersign.Server.Tests.Upstreams.SmartHttp;
using Countersign.Server.Upstreams;

namespace Countersign.Server.Tests.Regressions;

/// <summary>What was approved for one place reaches no other, though it has the same name.</summary>
[Trait("Category", "slow")]
public sealed class MovedWorkspaceAttacks
{
    private static readonly byte[] Content = "the content of a large file"u8.ToArray();
    private static readonly string Oid = LfsConversation.OidOf(Content);

    [Fact]
    public async Task Grants_transfers_and_what_waits_end_with_the_place()
    {
        await using var host = await FakeLfsHost.StartAsync(url => Answer(url), Content);
        await using var story = await FarStory.StartAsync(host.Definition, LargeFiles.Policies.PushesAsked);
        var (gateway, ann, cancellation) = (story.Gateway, story.Ann, TestContext.Current.CancellationToken);
        Assert.True(await gateway.Get<UpstreamStore>().AddAsync(host.Definition with { Name = "other", Path = "/elsewhere" }, cancellation));
        using var lfs = new LfsConversation(gateway);
        var upload = lfs.BatchAsync(ann, "upload", Oid, Content.Length);
        await ann.ApproveNextAsync();
        Assert.Equal(200, (await upload).Status);
        Assert.Single(gateway.Get<GrantStore>().Live(ann.Id, gateway.Clock.GetUtcNow()));
        var token = (await lfs.BatchAsync(ann, "download", Oid, Content.Length)).Token("download");
        Assert.Equal(Content, (await lfs.DownloadAsync(token, Oid)).Body);
        var push = lfs.PostAsync(ann, "locks/1/unlock", """{"force":true}""");
        var asked = await ann.NextRequestAsync();

        Assert.Null((await gateway.Get<IUpstreamDesk>().MoveAsync("ACME", "other", null, "test", cancellation)).Refusal);

        var refused = await push;
        Assert.Equal(403, refused.Status);
        Assert.Contains("has just changed where ACME/core is", refused.Said, StringComparison.Ordinal);
        Assert.Equal(new ChallengeState.Cancelled(CancelCause.Moved), gateway.Get<ChallengeReader>().ListAll(10).Single(each => each.Id == asked.Id).State);
        Assert.NotEqual(ApprovalOutcome.Done, (await ann.ApproveAsync(asked)).Outcome);
        Assert.Equal(403, (await lfs.DownloadAsync(token, Oid)).Status);
        var again = lfs.BatchAsync(ann, "upload", Oid, Content.Length);
        await ann.DenyNextAsync(); // the approval was for the old place
        Assert.Equal(403, (await again).Status);
    }

    [Fact]
    public async Task A_move_of_one_workspace_leaves_the_others_alone()
    {
        await using var host = await FakeLfsHost.StartAsync(url => Answer(url), Content);
        await using var story = await FarStory.StartAsync(host.Definition, LargeFiles.Policies.PushesAsked);
        var (gateway, ann) = (story.Gateway, story.Ann);
        using var lfs = new LfsConversation(gateway);
        var upload = lfs.BatchAsync(ann, "upload", Oid, Content.Length);
        await ann.ApproveNextAsync();
        await upload;
        Assert.Null((await gateway.Get<IWorkspaces>().AddAsync("LAB", null, null, "test", TestContext.Current.CancellationToken)).Refusal);
        Assert.Null((await gateway.Get<IUpstreamDesk>().MoveAsync("LAB", "far", "lab", "test", TestContext.Current.CancellationToken)).Refusal);
        Assert.Equal(200, (await lfs.BatchAsync(ann, "upload", Oid, Content.Length)).Status);
    }

    private static string Answer(string url) =>
        """{"objects":[{"oid":"OID","size":SIZE,"actions":{"download":{"href":"URL/object"},"upload":{"href":"URL/object"}}}]}"""
            .Replace("OID", Oid, StringComparison.Ordinal)
            .Replace("SIZE", $"{Content.Length}", StringComparison.Ordinal)
            .Replace("URL", url, StringComparison.Ordinal);
}
