using Countersign.Server.Enforcement;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Web.Views;

namespace Countersign.Server.Tests.LargeFiles;

/// <summary>Policies that speak of branches, and the large files that go with those.</summary>
[Trait("Category", "slow")]
public sealed class LargeFilesOfRefsTests
{
    private const string Branches =
        """
        version: 1
        mode: enforce
        rules:
          - name: reads
            operations: [read]
            effect: allow
          - name: features
            refs: ["feature/**"]
            effect: allow
          - name: main
            refs: [main]
            require: { strength: strong }
          - name: releases
            refs: ["release/**"]
            effect: deny
          - name: no force
            forced: true
            effect: deny
        """;

    [Fact]
    public async Task A_push_to_a_free_branch_brings_its_large_files_unasked_and_one_to_main_asks()
    {
        await using var gateway = await GatewayFixture.StartAsync(Branches);
        var ann = await gateway.AddPersonAsync();
        var bob = await gateway.AddPersonAsync("bob");
        var core = await gateway.AddRepositoryAsync();
        var his = await LfsClient.WorkTreeAsync(gateway, bob, "his");
        var (oid, _) = await LfsClient.CommitAsync(his, "model.bin");
        var pushed = await his.RunAsync("push", "origin", "HEAD:refs/heads/feature/model");
        Assert.True(pushed.ExitCode == 0, pushed.Error);
        Assert.True(File.Exists(LfsClient.StoredAt(gateway, oid)));
        Assert.Empty(gateway.Get<ChallengeReader>().ListAll(10));

        var refused = await his.RunAsync("push", "origin", "HEAD:refs/heads/release/1");
        Assert.NotEqual(0, refused.ExitCode);

        var hers = await LfsClient.WorkTreeAsync(gateway, ann, "hers");
        var (second, _) = await LfsClient.CommitAsync(hers, "other.bin");
        var push = hers.StartAsync("push", "origin", "main");
        var upload = await ann.NextRequestAsync();
        Assert.Contains("and the push to main that follows", LargeFileWords.Note(upload.Command.Lfs!), StringComparison.Ordinal);
        Assert.False(File.Exists(LfsClient.StoredAt(gateway, second)));
        await ann.ApproveAsync(upload);
        Assert.Equal(0, (await push.Completion).ExitCode);
        Assert.Equal((await hers.SucceedAsync("rev-parse", "HEAD")).Output.Trim(), await gateway.TipAsync(core));
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task Attack_a_lock_and_an_upload_that_names_no_branch_do_not_pass_as_work_on_a_free_one()
    {
        await using var gateway = await GatewayFixture.StartAsync(Branches);
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        using var lfs = new LfsConversation(gateway);
        var locking = lfs.PostAsync(ann, "locks", """{"path":"model.bin","ref":{"name":"refs/heads/feature/x"}}""");
        await ann.DenyNextAsync();
        Assert.Equal(403, (await locking).Status);
        gateway.Clock.Advance(TimeSpan.FromMinutes(2));
        foreach (var name in new[] { "", ""","ref":{"name":"feature/x"}""", ""","ref":{"name":"refs/heads/../feature/x"}""" })
        {
            var upload = lfs.PostAsync(ann, "objects/batch", $$"""{"operation":"upload","objects":[{"oid":"{{LfsConversation.OidOf([1])}}","size":1}]{{name}}}""");
            await ann.DenyNextAsync();
            Assert.Equal(403, (await upload).Status);
            gateway.Clock.Advance(TimeSpan.FromMinutes(15));
        }
    }
}
