using System.Text;
using Countersign.Server.Enforcement;
using Countersign.Server.Upstreams;

namespace Countersign.Server.Tests.LargeFiles;

/// <summary>Large files of repositories at another Git host, with a real one behind.</summary>
[Trait("Category", "slow")]
public sealed class FarLargeFileTests
{
    private static readonly byte[] Content = Encoding.ASCII.GetBytes("the content of a large file");
    private static readonly string Oid = LfsConversation.OidOf(Content);

    [Fact]
    public async Task One_approval_covers_a_push_to_another_host_and_one_a_clone_from_it()
    {
        await using var far = await FarLfs.StartAsync(policy: null);
        var (gateway, ann) = (far.Story.Gateway, far.Story.Ann);
        var tree = await LfsClient.WorkTreeAsync(far.Host, ann);
        var (oid, content) = await LfsClient.CommitAsync(tree, "model.bin", 2_000_000);
        var push = tree.StartAsync("push", "origin", "main");
        await ann.ApproveNextAsync();
        var pushed = await push.Completion;
        Assert.True(pushed.ExitCode == 0, pushed.Error);
        Assert.Equal(content, await File.ReadAllBytesAsync(LfsClient.StoredAt(far.Host, oid), TestContext.Current.CancellationToken));
        Assert.Empty(Directory.GetFiles(gateway.Options.LfsFolder, "*", SearchOption.AllDirectories));
        Assert.Single(gateway.Get<ChallengeReader>().List(ann.Id, 10));

        var outside = LfsClient.In(Path.Combine(gateway.Folder.FullName, "work"));
        gateway.Clock.Advance(TimeSpan.FromMinutes(11));
        var clone = outside.StartAsync("clone", ann.UrlOf("ACME/core"), "clone");
        await ann.ApproveNextAsync();
        var cloned = await clone.Completion;
        Assert.True(cloned.ExitCode == 0, cloned.Error);
        Assert.Equal(content, await File.ReadAllBytesAsync(Path.Combine(outside.Folder, "clone", "model.bin"), TestContext.Current.CancellationToken));
        Assert.Equal(2, gateway.Get<ChallengeReader>().List(ann.Id, 10).Count);

    }

    [Fact]
    public async Task Objects_go_through_the_gateway_in_parts_too_and_the_hosts_address_and_tokens_stay_with_it()
    {
        await using var far = await FarLfs.StartAsync(Policies.EverythingFree);
        using var lfs = new LfsConversation(far.Story.Gateway);
        var ann = far.Story.Ann;
        var upload = await lfs.BatchAsync(ann, "upload", Oid, Content.Length);
        Assert.DoesNotContain(far.Host.Url, upload.Text, StringComparison.Ordinal);
        Assert.Equal(422, (await lfs.UploadAsync(upload.Token("upload"), Oid, Encoding.ASCII.GetBytes("the content of another file"))).Status);
        Assert.Equal(422, (await lfs.UploadAsync(upload.Token("upload"), Oid, Content[..^1], chunked: true)).Status);
        Assert.Equal(404, (await lfs.VerifyAsync(upload.Token("verify"), Oid)).Status);
        Assert.False(File.Exists(LfsClient.StoredAt(far.Host, Oid)));
        Assert.Equal(200, (await lfs.UploadAsync(upload.Token("upload"), Oid, Content, chunked: true)).Status);
        Assert.Equal(200, (await lfs.VerifyAsync(upload.Token("verify"), Oid)).Status);

        var token = (await lfs.BatchAsync(ann, "download", Oid, Content.Length)).Token("download");
        Assert.Equal(Content, (await lfs.DownloadAsync(token, Oid)).Body);
        Assert.Equal(Content[5..], (await lfs.DownloadAsync(token, Oid, range: "bytes=5-")).Body);
        Assert.Equal(404, (await lfs.BatchAsync(ann, "download", LfsConversation.OidOf([1]), 1)).ErrorCode);
    }

    [Fact]
    public async Task Direct_transfers_keep_the_hosts_own_addresses()
    {
        await using var far = await FarLfs.StartAsync(Policies.EverythingFree, LfsTransfers.Direct);
        using var lfs = new LfsConversation(far.Story.Gateway);
        var upload = await lfs.BatchAsync(far.Story.Ann, "upload", Oid, Content.Length);
        Assert.StartsWith(far.Host.Url, upload.Action("upload").GetProperty("href").GetString(), StringComparison.Ordinal);
        using var there = new LfsConversation(far.Host);
        Assert.Equal(200, (await there.UploadAsync(upload.Token("upload"), Oid, Content)).Status);
    }

    [Fact]
    public async Task Locks_are_the_hosts()
    {
        await using var far = await FarLfs.StartAsync(Policies.EverythingFree);
        using var lfs = new LfsConversation(far.Story.Gateway);
        var ann = far.Story.Ann;
        var made = await lfs.PostAsync(ann, "locks", """{"path":"a b.bin"}""");
        Assert.Equal(201, made.Status);
        var id = made.Json.GetProperty("lock").GetProperty("id").GetString();
        Assert.Equal(409, (await lfs.PostAsync(ann, "locks", """{"path":"a b.bin"}""")).Status);
        Assert.Equal(id, (await lfs.GetAsync(ann, "locks?path=a+b.bin")).Json.GetProperty("locks")[0].GetProperty("id").GetString());
        Assert.Equal(1, (await lfs.PostAsync(ann, "locks/verify", "{}")).Json.GetProperty("ours").GetArrayLength());
        Assert.Equal(200, (await lfs.PostAsync(ann, $"locks/{id}/unlock", "{}")).Status);
        Assert.Equal(404, (await lfs.PostAsync(ann, $"locks/{id}/unlock", "{}")).Status);
    }

    [Fact]
    public async Task A_host_that_is_gone_is_told_in_words()
    {
        await using var far = await FarLfs.StartAsync(Policies.EverythingFree);
        using var lfs = new LfsConversation(far.Story.Gateway);
        await far.Host.App.StopAsync(TestContext.Current.CancellationToken);
        var answer = await lfs.BatchAsync(far.Story.Ann, "download", Oid, 1);
        Assert.Equal(503, answer.Status);
        Assert.Contains("The Git host far cannot be reached.", answer.Said, StringComparison.Ordinal);
    }
}
