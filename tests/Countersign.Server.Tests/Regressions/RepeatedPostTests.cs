using Countersign.Server.Audit;
using Countersign.Server.Tests.Fixtures;
using static Countersign.Server.Tests.Regressions.RawConnection;

namespace Countersign.Server.Tests.Regressions;

/// <summary>Some clients send a POST again when its answer displeases them, or when a proxy broke it off: nobody is asked twice.</summary>
[Trait("Category", "slow")]
public sealed class RepeatedPostTests
{
    private const string OpenReads = "version: 1\nmode: enforce\nrules:\n  - { name: reads, operations: [read], effect: allow }\n  - { name: writes, operations: [write] }\n";

    [Fact]
    public async Task A_push_that_is_sent_again_while_it_waits_joins_the_request_that_asks_for_it()
    {
        await using var gateway = await GatewayFixture.StartAsync(OpenReads);
        var ann = await gateway.AddPersonAsync();
        var core = await gateway.AddRepositoryAsync();
        var push = await DeletionAsync(gateway, ann, core);
        using var first = await RawConnection.OpenAsync(gateway);
        await first.SendAsync(push);
        var request = await ann.NextRequestAsync();
        using var second = await RawConnection.OpenAsync(gateway);
        await second.SendAsync(push);
        await second.ReadUntilAsync($"waiting for your approval at {gateway.Url}/a/{request.Id}   number {request.Number}");

        await ann.DenyAsync(request);
        Assert.Contains($"(request {request.Id})", (await first.ReadAnswerAsync()).Body, StringComparison.Ordinal);
        Assert.Contains($"(request {request.Id})", (await second.ReadAnswerAsync()).Body, StringComparison.Ordinal);
        await AssertAskedOnceAsync(gateway);
    }

    [Fact]
    public async Task A_push_whose_connection_broke_after_the_repeated_one_joined_still_waits_and_goes_through()
    {
        await using var gateway = await GatewayFixture.StartAsync(OpenReads);
        var ann = await gateway.AddPersonAsync();
        var core = await gateway.AddRepositoryAsync();
        var push = await DeletionAsync(gateway, ann, core);
        var first = await RawConnection.OpenAsync(gateway);
        await first.SendAsync(push);
        var request = await ann.NextRequestAsync();
        using var second = await RawConnection.OpenAsync(gateway);
        await second.SendAsync(push);
        await second.ReadUntilAsync($"/a/{request.Id} ");
        first.Dispose();

        await ann.ApproveAsync(request);
        Assert.Contains("ok refs/heads/old", (await second.ReadAnswerAsync()).Body, StringComparison.Ordinal);
        Assert.Null(await gateway.TipAsync(core, "refs/heads/old"));
        await AssertAskedOnceAsync(gateway);
    }

    [Fact]
    public async Task A_push_that_was_denied_is_not_asked_about_again_when_the_client_repeats_it_by_itself()
    {
        await using var gateway = await GatewayFixture.StartAsync(OpenReads);
        var ann = await gateway.AddPersonAsync();
        var core = await gateway.AddRepositoryAsync();
        var push = await DeletionAsync(gateway, ann, core);
        using var first = await RawConnection.OpenAsync(gateway);
        await first.SendAsync(push);
        await ann.DenyNextAsync();
        await first.ReadAnswerAsync();

        Assert.Contains("Denied a moment ago, so nobody was asked again.", (await AskAsync(gateway, push)).Body, StringComparison.Ordinal);
        Assert.NotNull(await gateway.TipAsync(core, "refs/heads/old"));
        await AssertAskedOnceAsync(gateway);
    }

    [Fact]
    public async Task A_fetch_that_is_sent_again_joins_while_it_waits_and_after_it_was_told_to_come_back()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        var core = await gateway.AddRepositoryAsync();
        var fetch = Post("/scm/ACME/core.git", "git-upload-pack", Basic(ann), Packet($"want {await gateway.TipAsync(core)} ofs-delta\n") + "0000" + Packet("done\n"));
        var waits = gateway.Clock.WhenArmedAsync(TimeSpan.FromSeconds(40), TimeSpan.FromSeconds(50));
        using var first = await RawConnection.OpenAsync(gateway);
        await first.SendAsync(fetch);
        var request = await ann.NextRequestAsync();
        await waits;
        waits = gateway.Clock.WhenArmedAsync(TimeSpan.FromSeconds(40), TimeSpan.FromSeconds(50));
        using var second = await RawConnection.OpenAsync(gateway);
        await second.SendAsync(fetch);
        await waits;
        gateway.Clock.Advance(TimeSpan.FromSeconds(50));
        foreach (var answer in new[] { await first.ReadAnswerAsync(), await second.ReadAnswerAsync() })
        {
            Assert.Contains($"ERR Not approved yet. Approve at {gateway.Url}/a/{request.Id},", answer.Body, StringComparison.Ordinal);
        }

        waits = gateway.Clock.WhenArmedAsync(TimeSpan.FromSeconds(40), TimeSpan.FromSeconds(50));
        using var third = await RawConnection.OpenAsync(gateway);
        await third.SendAsync(fetch);
        await waits;
        await ann.ApproveAsync(request);
        Assert.Contains("PACK", (await third.ReadAnswerAsync()).Body, StringComparison.Ordinal);
        await AssertAskedOnceAsync(gateway);
    }

    /// <summary>A push without a pack: it deletes a branch that is there.</summary>
    private static async Task<string> DeletionAsync(GatewayFixture gateway, TestPerson ann, Core.Git.RepositoryPath core)
    {
        await GitClient.RunBareAsync(gateway.BareFolder(core), "branch", "old", "main");
        var command = Packet($"{await gateway.TipAsync(core)} {new string('0', 40)} refs/heads/old\0report-status side-band-64k delete-refs");
        return Post("/scm/ACME/core.git", "git-receive-pack", Basic(ann), command + "0000");
    }

    private static async Task AssertAskedOnceAsync(GatewayFixture gateway)
    {
        Assert.Single(await gateway.AuditAsync(), record => record.Event.Type == AuditTypes.ChallengeCreated);
        await gateway.AssertInvariantsAsync();
    }
}
