using System.Text;
using Countersign.Server.Audit;
using Countersign.Server.People;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.LargeFiles;

/// <summary>What somebody tries with the tokens of transfers.</summary>
[Trait("Category", "slow")]
public sealed class TransferTokenAttacks
{
    private static readonly byte[] Content = Encoding.ASCII.GetBytes("the content of a large file");
    private static readonly string Oid = LfsConversation.OidOf(Content);

    [Fact]
    public async Task A_transfer_token_serves_its_object_action_and_repository_alone()
    {
        await using var gateway = await GatewayFixture.StartAsync(Policies.EverythingFree);
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        await gateway.AddRepositoryAsync("web");
        using var lfs = new LfsConversation(gateway);
        var other = await lfs.PutAsync(ann, "another file"u8.ToArray());
        await lfs.PutAsync(ann, Content, "web");
        var batch = await lfs.BatchAsync(ann, "upload", Oid, Content.Length);
        var (upload, verify) = (batch.Token("upload"), batch.Token("verify"));

        Assert.Equal(403, (await lfs.UploadAsync(upload, other, "another file"u8.ToArray())).Status);
        Assert.Equal(403, (await lfs.UploadAsync(upload, Oid, Content, "web")).Status);
        Assert.Equal(403, (await lfs.DownloadAsync(upload, Oid, "web")).Status);
        Assert.Equal(403, (await lfs.DownloadAsync(upload, Oid)).Status);
        Assert.Equal(403, (await lfs.VerifyAsync(upload, Oid)).Status);
        Assert.Equal(403, (await lfs.UploadAsync(verify, Oid, Content)).Status);
        Assert.Equal(403, (await lfs.UploadAsync(ann.Token, Oid, Content)).Status);
        Assert.Equal(403, (await lfs.UploadAsync(upload[..^4] + "AAAA", Oid, Content)).Status);
        Assert.Equal(403, (await lfs.UploadAsync(new string('A', 20_000), Oid, Content)).Status);
        Assert.Equal(404, (await lfs.VerifyAsync(verify, Oid)).Status);
        Assert.False(File.Exists(LfsClient.StoredAt(gateway, Oid)));

        Assert.Equal(200, (await lfs.UploadAsync(upload, Oid, Content)).Status);
        Assert.Equal(200, (await lfs.VerifyAsync(verify, Oid)).Status);
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task A_transfer_token_ends_with_its_time_its_credential_its_person_and_its_workspace()
    {
        await using var gateway = await GatewayFixture.StartAsync(Policies.EverythingFree);
        var ann = await gateway.AddPersonAsync();
        var bob = await gateway.AddPersonAsync("bob");
        var eve = await gateway.AddPersonAsync("eve");
        await gateway.AddRepositoryAsync();
        using var lfs = new LfsConversation(gateway);
        await lfs.PutAsync(ann, Content);
        var (anns, bobs, eves) = (await TokenAsync(lfs, ann), await TokenAsync(lfs, bob), await TokenAsync(lfs, eve));
        Assert.Equal(Content, (await lfs.DownloadAsync(anns, Oid)).Body);

        var tokens = gateway.Get<IAccessTokens>();
        var credential = (await tokens.ListAsync(bob.Id, TestContext.Current.CancellationToken)).Single();
        await tokens.RevokeAsync(bob.Id, credential.Id, "test", TestContext.Current.CancellationToken);
        Assert.Equal(403, (await lfs.DownloadAsync(bobs, Oid)).Status);
        Assert.Null((await gateway.Get<IWorkspaces>().RemoveMemberAsync("ACME", "eve", "test", TestContext.Current.CancellationToken)).Refusal);
        Assert.Equal(404, (await lfs.DownloadAsync(eves, Oid)).Status);
        gateway.Clock.Advance(TimeSpan.FromSeconds(899));
        Assert.Equal(200, (await lfs.DownloadAsync(anns, Oid)).Status);
        gateway.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(403, (await lfs.DownloadAsync(anns, Oid)).Status);
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task A_transfer_token_is_worth_nothing_at_another_address()
    {
        await using var gateway = await GatewayFixture.StartAsync(Policies.EverythingFree);
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        using var lfs = new LfsConversation(gateway);
        using var elsewhere = new LfsConversation(gateway, "127.0.0.2");
        await lfs.PutAsync(ann, Content);
        var token = await TokenAsync(lfs, ann);
        Assert.Equal(403, (await elsewhere.DownloadAsync(token, Oid)).Status);
        Assert.Equal(200, (await lfs.DownloadAsync(token, Oid)).Status);
    }

    [Fact]
    public async Task A_transfer_that_a_stricter_policy_would_ask_about_is_asked_about()
    {
        await using var gateway = await GatewayFixture.StartAsync(Policies.EverythingFree);
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        using var lfs = new LfsConversation(gateway);
        await lfs.PutAsync(ann, Content);
        var token = await TokenAsync(lfs, ann);
        await gateway.ApplyPolicyAsync("version: 1\nmode: enforce\nrules:\n  - name: no\n    effect: deny\n");
        Assert.Equal(403, (await lfs.DownloadAsync(token, Oid)).Status);
        await gateway.ApplyPolicyAsync("version: 1\nmode: enforce\nrules:\n  - name: asked\n    effect: require\n");
        var download = lfs.DownloadAsync(token, Oid);
        await ann.ApproveNextAsync();
        Assert.Equal(Content, (await download).Body);
    }

    [Fact]
    public async Task A_transfer_token_is_worth_nothing_when_its_Git_host_is_somewhere_else()
    {
        await using var far = await FarLfs.StartAsync(Policies.EverythingFree);
        var gateway = far.Story.Gateway;
        using var lfs = new LfsConversation(gateway);
        await lfs.PutAsync(far.Story.Ann, Content);
        var (download, upload) = (await TokenAsync(lfs, far.Story.Ann), (await lfs.BatchAsync(far.Story.Ann, "upload", LfsConversation.OidOf([1]), 1)).Token("upload"));
        Assert.Equal(Content, (await lfs.DownloadAsync(download, Oid)).Body);

        var secret = gateway.Get<Countersign.Server.Upstreams.UpstreamStore>().Find("far")!.ServiceSecret;
        var (exit, _, error) = await Cli.CommandLineTests.RunAsync(
            ["upstream", "set", "far", "--base", far.Host.Url.Replace("localhost", "127.0.0.1", StringComparison.Ordinal), "--secret-stdin", "--data", gateway.Options.Data], secret + "\n");
        Assert.True(exit == 0, error);
        Assert.Equal(403, (await lfs.DownloadAsync(download, Oid)).Status);
        Assert.Equal(403, (await lfs.UploadAsync(upload, LfsConversation.OidOf([1]), [1])).Status);
        Assert.False(File.Exists(LfsClient.StoredAt(far.Host, LfsConversation.OidOf([1]))));
    }

    [Fact]
    public async Task Transfer_tokens_and_addresses_are_in_no_record()
    {
        await using var gateway = await GatewayFixture.StartAsync(Policies.EverythingFree);
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        using var lfs = new LfsConversation(gateway);
        await lfs.PutAsync(ann, Content);
        var answer = await lfs.BatchAsync(ann, "download", Oid, Content.Length);
        var token = answer.Token("download");
        Assert.DoesNotContain(token, answer.Action("download").GetProperty("href").GetString(), StringComparison.Ordinal);
        await lfs.DownloadAsync(token, Oid);
        await gateway.RestartAsync(); // the last record is written after the last byte
        var records = await gateway.AuditAsync();
        Assert.DoesNotContain(records.SelectMany(record => record.Event.Facts.Values), fact => fact.Contains(token, StringComparison.Ordinal));
        var last = records.Last(record => record.Event.Type == AuditTypes.CommandCompleted).Event.Facts;
        Assert.Equal(("Download", Oid, "1", $"{Content.Length}", $"{Content.Length}", "ok"), (last["lfs"], last["lfs_subject"], last["lfs_files"], last["lfs_bytes"], last["bytes_out"], last["outcome"]));
    }

    private static async Task<string> TokenAsync(LfsConversation lfs, TestPerson person) => (await lfs.BatchAsync(person, "download", Oid, Content.Length)).Token("download");
}
