using System.Text;
using Countersign.Server.Enforcement;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Tests.Regressions;

namespace Countersign.Server.Tests.LargeFiles;

/// <summary>What an approval of large files covers, who joins it, and how long it lasts.</summary>
[Trait("Category", "slow")]
public sealed class LargeFileApprovalTests
{
    private static readonly byte[] Content = Encoding.ASCII.GetBytes("the content of a large file");
    private static readonly string Oid = LfsConversation.OidOf(Content);

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
}
