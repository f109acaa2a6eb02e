using System.Text;
using Countersign.Core.Identities;
using Countersign.Server.Enforcement;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.LargeFiles;

/// <summary>What somebody tries with the addresses of Git LFS.</summary>
[Trait("Category", "slow")]
public sealed class LargeFileAttacks
{
    private static readonly byte[] Content = Encoding.ASCII.GetBytes("the content of a large file");
    private static readonly string Oid = LfsConversation.OidOf(Content);

    [Fact]
    public async Task Without_a_credential_nothing_is_said_and_nobody_is_asked()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        using var lfs = new LfsConversation(gateway);
        foreach (var path in new[] { "objects/batch", "locks", "locks/verify", "locks/1/unlock" })
        {
            Assert.Equal(401, (await lfs.PostAsync(null, path, "{}")).Status);
        }

        Assert.Equal(403, (await lfs.SendAsync(new(HttpMethod.Get, lfs.Url($"objects/{Oid}")), null)).Status);
        Assert.Equal(403, (await lfs.SendAsync(new(HttpMethod.Get, lfs.Url($"objects/{Oid}")), ann)).Status); // a person's own token is no transfer token
        Assert.Empty(gateway.Get<ChallengeReader>().ListAll(10));
    }

    [Fact]
    public async Task Knowing_the_name_of_an_object_of_another_repository_neither_reads_nor_claims_it()
    {
        await using var gateway = await GatewayFixture.StartAsync(Policies.EverythingFree);
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        await gateway.AddRepositoryAsync("web");
        using var lfs = new LfsConversation(gateway);
        await lfs.PutAsync(ann, Content);
        Assert.Equal(404, (await lfs.BatchAsync(ann, "download", Oid, Content.Length, "web")).ErrorCode);
        var claim = await lfs.BatchAsync(ann, "upload", Oid, Content.Length, "web");
        Assert.Equal(404, (await lfs.VerifyAsync(claim.Token("verify"), Oid, "web")).Status); // it must be brought, though the gateway has it elsewhere
        Assert.Equal(404, (await lfs.BatchAsync(ann, "download", Oid, Content.Length + 1)).ErrorCode);
        Assert.False((await lfs.BatchAsync(ann, "upload", Oid, Content.Length)).Json.GetProperty("objects")[0].TryGetProperty("actions", out _));
    }

    [Fact]
    public async Task Who_may_only_read_uploads_and_locks_nothing_and_who_may_not_even_that_learns_nothing()
    {
        await using var gateway = await GatewayFixture.StartAsync(Policies.EverythingFree);
        var ann = await gateway.AddPersonAsync();
        var bob = await gateway.AddPersonAsync("bob", Role.Read);
        var eve = await gateway.AddPersonAsync("eve", Role.None);
        await gateway.AddRepositoryAsync();
        using var lfs = new LfsConversation(gateway);
        await lfs.PutAsync(ann, Content);
        Assert.Equal(403, (await lfs.BatchAsync(bob, "upload", Oid, 1)).Status);
        Assert.Equal(403, (await lfs.PostAsync(bob, "locks", """{"path":"a.bin"}""")).Status);
        Assert.Equal(403, (await lfs.PostAsync(bob, "locks/1/unlock", """{"force":true}""")).Status);
        Assert.Equal(200, (await lfs.PostAsync(bob, "locks/verify", "{}")).Status);
        Assert.Equal(200, (await lfs.BatchAsync(bob, "download", Oid, Content.Length)).Status);

        var hidden = await lfs.BatchAsync(eve, "download", Oid, Content.Length);
        var absent = await lfs.BatchAsync(eve, "download", Oid, Content.Length, "none");
        Assert.Equal((404, 404), (hidden.Status, absent.Status));
        Assert.Equal(hidden.Text.Replace("core", "none", StringComparison.Ordinal), absent.Text);
    }

    [Theory]
    [InlineData("""{"operation":"download","operation":"upload","objects":[{"oid":"OID","size":1}]}""")]
    [InlineData("""{"operation":"verify","objects":[{"oid":"OID","size":1}]}""")]
    [InlineData("""{"operation":"upload","objects":[{"oid":"../../../../etc/passwd","size":1}]}""")]
    [InlineData("""{"operation":"upload","objects":[{"oid":"OID","size":-1}]}""")]
    [InlineData("""{"operation":"upload","transfers":["custom"],"objects":[{"oid":"OID","size":1}]}""")]
    [InlineData("[[[[[[[[[[[[[[[[[[[[[[")]
    [InlineData("")]
    public async Task A_document_that_is_none_is_refused_before_anybody_is_asked(string json)
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        using var lfs = new LfsConversation(gateway);
        Assert.Equal(422, (await lfs.PostAsync(ann, "objects/batch", json.Replace("OID", Oid, StringComparison.Ordinal))).Status);
        Assert.Empty(gateway.Get<ChallengeReader>().ListAll(10));
    }

    [Fact]
    public async Task Documents_that_are_large_or_compressed_are_refused()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        using var lfs = new LfsConversation(gateway);
        Assert.Equal(413, (await lfs.PostAsync(ann, "objects/batch", new string(' ', 600_000))).Status);
        var zipped = new HttpRequestMessage(HttpMethod.Post, lfs.Url("objects/batch")) { Content = new ByteArrayContent([31, 139, 8, 0]) };
        zipped.Content.Headers.ContentType = new(LfsConversation.MediaType);
        zipped.Content.Headers.ContentEncoding.Add("gzip");
        Assert.Equal(415, (await lfs.SendAsync(zipped, ann)).Status);
    }

    [Fact]
    public async Task Lists_of_locks_come_in_pages_and_foreign_cursors_are_refused()
    {
        await using var gateway = await GatewayFixture.StartAsync(Policies.EverythingFree);
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        using var lfs = new LfsConversation(gateway);
        for (var number = 0; number < 5; number++)
        {
            Assert.Equal(201, (await lfs.PostAsync(ann, "locks", $$"""{"path":"f{{number}}.bin"}""")).Status);
        }

        Assert.Equal(409, (await lfs.PostAsync(ann, "locks", """{"path":"f0.bin"}""")).Status);
        var first = (await lfs.GetAsync(ann, "locks?limit=3")).Json;
        Assert.Equal(3, first.GetProperty("locks").GetArrayLength());
        var second = (await lfs.GetAsync(ann, $"locks?limit=3&cursor={first.GetProperty("next_cursor").GetString()}")).Json;
        Assert.Equal(2, second.GetProperty("locks").GetArrayLength());
        Assert.False(second.TryGetProperty("next_cursor", out _));
        Assert.Equal(1, (await lfs.GetAsync(ann, "locks?path=f3.bin")).Json.GetProperty("locks").GetArrayLength());
        Assert.Equal(422, (await lfs.GetAsync(ann, "locks?cursor=x")).Status);
        Assert.Equal(400, (await lfs.GetAsync(ann, "locks?cursor=1&cursor=2")).Status);
        Assert.Equal(404, (await lfs.PostAsync(ann, "locks/none/unlock", "{}")).Status);
        var ours = (await lfs.PostAsync(ann, "locks/verify", """{"limit":2}""")).Json;
        Assert.Equal((2, 0), (ours.GetProperty("ours").GetArrayLength(), ours.GetProperty("theirs").GetArrayLength()));
    }
}
