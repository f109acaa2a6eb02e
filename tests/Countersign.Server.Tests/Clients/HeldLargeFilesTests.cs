using Countersign.Server.Enforcement;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Tests.LargeFiles;

namespace Countersign.Server.Tests.Clients;

/// <summary>git-lfs in the matrix: its other rows are <see cref="LargeFileCommandTests"/>.</summary>
[Trait("Category", ClientProgram.Category)]
public sealed class HeldLargeFilesTests
{
    private static readonly TimeSpan Hold = TimeSpan.FromSeconds(20); // real time: git-lfs has a fuse of its own, 30 s

    [Fact]
    public async Task git_lfs_waits_twenty_seconds_for_its_batch_and_then_uploads()
    {
        await using var gateway = await GatewayFixture.StartAsync(LargeFiles.Policies.PushesAsked);
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        var tree = await LfsClient.WorkTreeAsync(gateway, ann);
        var (oid, _) = await LfsClient.CommitAsync(tree, "model.bin");

        var push = tree.StartAsync("push", "origin", "main");
        var upload = await ann.NextRequestAsync();
        await HeldClients.PassAsync(Hold);
        Assert.False(push.Completion.IsCompleted);
        await ann.ApproveAsync(upload);
        var pushed = await push.Completion;
        Assert.True(pushed.ExitCode == 0, pushed.Error);
        Assert.True(File.Exists(LfsClient.StoredAt(gateway, oid)));
        Assert.Single(gateway.Get<ChallengeReader>().List(ann.Id, 10)); // for the upload and the push that follows
    }
}
