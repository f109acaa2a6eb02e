using System.Security.Cryptography;
using System.Text;
using Countersign.Core.Identities;
using Countersign.Server.Audit;
using Countersign.Server.Enforcement;
using Countersign.Server.People;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Tests.Regressions;

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
    public async Task Content_that_is_not_the_object_leaves_nothing()
    {
        await using var gateway = await GatewayFixture.StartAsync(Policies.EverythingFree);
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        using var lfs = new LfsConversation(gateway);
        var token = (await lfs.BatchAsync(ann, "upload", Oid, Content.Length)).Token("upload");
        var other = RandomNumberGenerator.GetBytes(Content.Length);
        foreach (var wrong in new[] { other, Content[..^1], [.. Content, 1], [] })
        {
            Assert.Equal(422, (await lfs.UploadAsync(token, Oid, wrong)).Status);
            Assert.Equal(422, (await lfs.UploadAsync(token, Oid, wrong, chunked: true)).Status);
        }

        var endless = await lfs.UploadAsync(token, Oid, new byte[5_000_000], chunked: true);
        Assert.Equal(422, endless.Status);
        Assert.Empty(Directory.GetFiles(gateway.Options.LfsFolder, "*", SearchOption.AllDirectories));
        Assert.Equal(200, (await lfs.UploadAsync(token, Oid, Content, chunked: true)).Status);
        Assert.Equal(Content, await File.ReadAllBytesAsync(LfsClient.StoredAt(gateway, Oid), TestContext.Current.CancellationToken));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(LfsClient.StoredAt(gateway, Oid)));
        }

        await gateway.AssertInvariantsAsync();
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
    public async Task An_object_that_is_too_large_is_refused_in_its_batch()
    {
        await using var gateway = await GatewayFixture.StartAsync(Policies.EverythingFree, new() { ["Lfs:MaxObjectBytes"] = "1000" });
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        using var lfs = new LfsConversation(gateway);
        Assert.Equal(422, (await lfs.BatchAsync(ann, "upload", Oid, 1001)).ErrorCode);
    }

    [Fact]
    public async Task Somebody_elses_grant_uploads_nothing()
    {
        await using var gateway = await GatewayFixture.StartAsync(Policies.PushesAsked);
        var ann = await gateway.AddPersonAsync();
        var bob = await gateway.AddPersonAsync("bob");
        await gateway.AddRepositoryAsync();
        await gateway.AddRepositoryAsync("web");
        using var lfs = new LfsConversation(gateway);
        var batch = lfs.BatchAsync(ann, "upload", Oid, Content.Length);
        await ann.ApproveNextAsync();
        Assert.Equal(200, (await batch).Status);
        Assert.Equal(200, (await lfs.BatchAsync(ann, "upload", Oid, Content.Length)).Status); // the same command goes on

        foreach (var attempt in new[] { () => lfs.BatchAsync(bob, "upload", Oid, Content.Length), () => lfs.BatchAsync(ann, "upload", Oid, Content.Length, "web") })
        {
            var waiting = gateway.Clock.WhenArmedAsync(TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(25));
            var held = attempt();
            await waiting;
            gateway.Clock.Advance(TimeSpan.FromSeconds(25));
            Assert.Contains("Not approved yet.", (await held).Said, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_batch_with_other_objects_does_not_join_the_request_for_these()
    {
        await using var gateway = await GatewayFixture.StartAsync(Policies.PushesAsked);
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        using var lfs = new LfsConversation(gateway);
        var first = lfs.BatchAsync(ann, "upload", Oid, Content.Length);
        var request = await ann.NextRequestAsync();
        var other = lfs.BatchAsync(ann, "upload", LfsConversation.OidOf([1]), 1);
        var asked = await ann.NextRequestAsync();
        Assert.NotEqual(request.Digest, asked.Digest);
        await ann.DenyAsync(asked);
        Assert.Equal(403, (await other).Status);
        await ann.ApproveAsync(request);
        Assert.Equal(200, (await first).Status);
    }

    [Fact]
    public async Task A_repeated_batch_joins_the_request_that_waits()
    {
        await using var gateway = await GatewayFixture.StartAsync(Policies.PushesAsked);
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        using var lfs = new LfsConversation(gateway);
        var first = lfs.BatchAsync(ann, "upload", Oid, Content.Length);
        var request = await ann.NextRequestAsync();
        var again = lfs.BatchAsync(ann, "upload", Oid, Content.Length);
        await ann.ApproveAsync(request);
        Assert.Equal((200, 200), ((await first).Status, (await again).Status));
        Assert.Single(gateway.Get<ChallengeReader>().List(ann.Id, 10));
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task A_denied_batch_is_refused_at_once_for_a_while()
    {
        await using var gateway = await GatewayFixture.StartAsync(Policies.PushesAsked);
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        using var lfs = new LfsConversation(gateway);
        var first = lfs.BatchAsync(ann, "upload", Oid, Content.Length);
        await ann.DenyNextAsync();
        Assert.Equal(403, (await first).Status);
        Assert.Contains("Denied a moment ago", (await lfs.BatchAsync(ann, "upload", LfsConversation.OidOf([1]), 1)).Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_part_of_an_object_is_served_and_a_broken_off_transfer_goes_on()
    {
        await using var gateway = await GatewayFixture.StartAsync(Policies.EverythingFree);
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        using var lfs = new LfsConversation(gateway);
        await lfs.PutAsync(ann, Content);
        var token = await TokenAsync(lfs, ann);
        var rest = await lfs.DownloadAsync(token, Oid, range: "bytes=4-");
        Assert.Equal(206, rest.Status);
        Assert.Equal(Content[4..], rest.Body);
        Assert.Equal($"bytes 4-{Content.Length - 1}/{Content.Length}", rest.Message.Content.Headers.ContentRange!.ToString());
        Assert.Equal(Content[4..8], (await lfs.DownloadAsync(token, Oid, range: "bytes=4-7")).Body);
        Assert.Equal(Content[^3..], (await lfs.DownloadAsync(token, Oid, range: "bytes=-3")).Body);
        Assert.Equal(206, (await lfs.DownloadAsync(token, Oid, range: "bytes=0-99999")).Status);
        Assert.Equal(Content, (await lfs.DownloadAsync(token, Oid, range: "bytes=4-", ifRange: "\"other\"")).Body);
        Assert.Equal(Content[4..], (await lfs.DownloadAsync(token, Oid, range: "bytes=4-", ifRange: $"\"{Oid}\"")).Body);
        foreach (var beyond in new[] { $"bytes={Content.Length}-", "bytes=999999999999-" })
        {
            var none = await lfs.DownloadAsync(token, Oid, range: beyond);
            Assert.Equal((416, $"bytes */{Content.Length}"), (none.Status, none.Message.Content.Headers.ContentRange!.ToString()));
        }

        foreach (var odd in new[] { "bytes=0-1,4-5", "chars=0-1", "bytes=5-1", "bytes=x", "bytes=" })
        {
            Assert.Equal(Content, (await lfs.DownloadAsync(token, Oid, range: odd)).Body);
        }

        var empty = await lfs.PutAsync(ann, []);
        var whole = await lfs.DownloadAsync((await lfs.BatchAsync(ann, "download", empty, 0)).Token("download"), empty);
        Assert.Equal((200, 0), (whole.Status, whole.Body.Length));
    }

    [Fact]
    public async Task An_upload_that_breaks_off_leaves_nothing_and_is_recorded()
    {
        await using var gateway = await GatewayFixture.StartAsync(Policies.EverythingFree);
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        using var lfs = new LfsConversation(gateway);
        var token = (await lfs.BatchAsync(ann, "upload", Oid, Content.Length)).Token("upload");
        using (var connection = await RawConnection.OpenAsync(gateway))
        {
            await connection.SendAsync($"PUT /scm/ACME/core.git/info/lfs/objects/{Oid} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nContent-Length: {Content.Length}\r\n\r\nthe con");
            connection.EndSending();
            try
            {
                await connection.ReadToEndAsync();
            }
            catch (InvalidOperationException)
            {
                // It was reset, which is as good an end.
            }
        }

        Assert.Equal(200, (await lfs.UploadAsync(token, Oid, Content)).Status);
        Assert.Empty(Directory.GetFiles(gateway.Options.LfsIncomingFolder));
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task A_long_transfer_keeps_its_grant_alive_and_the_longest_time_ends_it_all_the_same()
    {
        await using var gateway = await GatewayFixture.StartAsync(Policies.PushesAsked);
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        using var lfs = new LfsConversation(gateway);
        var batch = lfs.BatchAsync(ann, "upload", Oid, Content.Length);
        await ann.ApproveNextAsync();
        var token = (await batch).Token("upload");
        using (var connection = await RawConnection.OpenAsync(gateway))
        {
            await connection.SendAsync(
                $"PUT /scm/ACME/core.git/info/lfs/objects/{Oid} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nExpect: 100-continue\r\nContent-Length: {Content.Length}\r\n\r\n");
            await connection.ReadUntilAsync("100 Continue\r\n\r\n"); // it is decided, and reads
            gateway.Clock.Advance(TimeSpan.FromMinutes(5));
            await connection.SendAsync(Content);
            await connection.ReadUntilAsync("200 OK");
        }

        await gateway.RestartAsync(); // the last record is written after the last byte
        Assert.Equal(200, (await lfs.BatchAsync(ann, "upload", LfsConversation.OidOf([1]), 1)).Status);
        Assert.Single(gateway.Get<ChallengeReader>().ListAll(10));

        gateway.Clock.Advance(TimeSpan.FromMinutes(6));
        var waiting = gateway.Clock.WhenArmedAsync(TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(25));
        var held = lfs.BatchAsync(ann, "upload", LfsConversation.OidOf([1]), 1);
        await waiting;
        gateway.Clock.Advance(TimeSpan.FromSeconds(25));
        Assert.Equal(403, (await held).Status);
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

    private static async Task<string> TokenAsync(LfsConversation lfs, TestPerson person) => (await lfs.BatchAsync(person, "download", Oid, Content.Length)).Token("download");
}
