using Countersign.Server.Enforcement;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Tests.Upstreams.SmartHttp;
using Countersign.Server.Web.Views;

namespace Countersign.Server.Tests.LargeFiles;

/// <summary>A lock protects somebody's work: nobody takes it away under an approval of something else.</summary>
[Trait("Category", "slow")]
public sealed class ForcedUnlockAttacks
{
    private static readonly string Oid = LfsConversation.OidOf([1]);

    [Fact]
    public async Task An_approved_upload_or_lock_takes_nobodys_lock_away()
    {
        await using var gateway = await GatewayFixture.StartAsync(Policies.EverythingFree);
        var ann = await gateway.AddPersonAsync();
        var bob = await gateway.AddPersonAsync("bob");
        await gateway.AddRepositoryAsync();
        using var lfs = new LfsConversation(gateway);
        var id = await LockAsync(lfs, bob, "model.bin");
        await gateway.ApplyPolicyAsync(Policies.PushesAsked);
        var upload = lfs.BatchAsync(ann, "upload", Oid, 1);
        await ann.ApproveNextAsync();
        Assert.Equal(200, (await upload).Status);

        var unlock = lfs.PostAsync(ann, $"locks/{id}/unlock", """{"force":true}""");
        var asked = await ann.NextRequestAsync(); // the live approval is of an upload
        var view = new RequestView(asked, gateway.Clock.GetUtcNow());
        Assert.Equal("Force an unlock in ACME/core", view.Operation);
        Assert.StartsWith("Force the unlock of model.bin, locked by bob.", view.Note, StringComparison.Ordinal);
        Assert.True(view.IsDangerous);
        await ann.DenyAsync(asked);
        Assert.Equal(403, (await unlock).Status);
        Assert.Equal(1, (await lfs.GetAsync(bob, "locks")).Json.GetProperty("locks").GetArrayLength());
        Assert.Equal(200, (await lfs.BatchAsync(ann, "upload", Oid, 1)).Status); // that denial was of the unlock
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task An_approved_forced_unlock_takes_that_lock_and_lets_nothing_else_through()
    {
        await using var gateway = await GatewayFixture.StartAsync(Policies.EverythingFree);
        var ann = await gateway.AddPersonAsync();
        var bob = await gateway.AddPersonAsync("bob");
        await gateway.AddRepositoryAsync();
        using var lfs = new LfsConversation(gateway);
        var (model, other) = (await LockAsync(lfs, bob, "model.bin"), await LockAsync(lfs, bob, "other.bin"));
        await gateway.ApplyPolicyAsync(Policies.PushesAsked);
        var unlock = lfs.PostAsync(ann, $"locks/{model}/unlock", """{"force":true}""");
        await ann.ApproveNextAsync();
        Assert.Equal(200, (await unlock).Status);

        Func<Task<LfsConversation.Answer>>[] others =
        [
            () => lfs.PostAsync(ann, $"locks/{other}/unlock", """{"force":true}"""),
            () => lfs.BatchAsync(ann, "upload", Oid, 1),
        ];
        foreach (var attempt in others)
        {
            var held = attempt();
            var asked = await ann.NextRequestAsync();
            await ann.DenyAsync(asked);
            Assert.Equal(403, (await held).Status);
        }

        Assert.Equal("other.bin", (await lfs.GetAsync(ann, "locks")).Json.GetProperty("locks")[0].GetProperty("path").GetString());
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task A_word_of_force_on_ones_own_lock_is_an_ordinary_unlock()
    {
        await using var gateway = await GatewayFixture.StartAsync(Policies.PushesAsked);
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        using var lfs = new LfsConversation(gateway);
        var locking = lfs.PostAsync(ann, "locks", """{"path":"model.bin"}""");
        await ann.ApproveNextAsync();
        var id = (await locking).Json.GetProperty("lock").GetProperty("id").GetString();
        Assert.Equal(200, (await lfs.PostAsync(ann, $"locks/{id}/unlock", """{"force":true}""")).Status);
        Assert.Single(gateway.Get<ChallengeReader>().ListAll(10));
    }

    [Fact]
    public async Task Where_all_locks_are_one_accounts_every_unlock_is_asked_about_by_itself_and_names_the_file()
    {
        await using var far = await FarLfs.StartAsync(Policies.EverythingFree);
        var (gateway, ann) = (far.Story.Gateway, far.Story.Ann);
        using var lfs = new LfsConversation(gateway);
        var id = await LockAsync(lfs, ann, "model.bin");
        await gateway.ApplyPolicyAsync(Policies.PushesAsked);
        var upload = lfs.BatchAsync(ann, "upload", Oid, 1);
        await ann.ApproveNextAsync();
        Assert.Equal(200, (await upload).Status);

        var unlock = lfs.PostAsync(ann, $"locks/{id}/unlock", "{}");
        var asked = await ann.NextRequestAsync();
        Assert.StartsWith("Force the unlock of model.bin, locked by somebody who is not known here.", LargeFileWords.Note(asked.Command.Lfs!), StringComparison.Ordinal);
        await ann.ApproveAsync(asked);
        await unlock; // a fresh code may take longer than its hold
        Assert.Equal(200, (await lfs.PostAsync(ann, $"locks/{id}/unlock", "{}")).Status);
    }

    [Fact]
    public async Task What_a_host_says_of_locks_is_bounded_and_without_controls()
    {
        await using var host = await FakeLfsHost.StartAsync(
            _ => """{"locks":[{"id":"1","path":"a\u001b[2J.bin","owner":{"name":"bob"}},{"id":"2","path":"b.bin","owner":{"name":"bob"}},7,{"id":3}],"ours":7}""");
        await using var story = await FarStory.StartAsync(host.Definition, Policies.EverythingFree);
        using var lfs = new LfsConversation(story.Gateway);
        Assert.Equal(200, (await lfs.GetAsync(story.Ann, "locks")).Status);
        await story.Gateway.ApplyPolicyAsync(Policies.PushesAsked);
        foreach (var (id, said) in new[] { ("1", "a file (lock 1 at the Git host)"), ("2", "b.bin") })
        {
            var unlock = lfs.PostAsync(story.Ann, $"locks/{id}/unlock", """{"force":true}""");
            var asked = await story.Ann.NextRequestAsync();
            Assert.Contains($"Force the unlock of {said}, locked by", LargeFileWords.Note(asked.Command.Lfs!), StringComparison.Ordinal);
            await story.Ann.ApproveAsync(asked);
            await unlock;
        }
    }

    private static async Task<string> LockAsync(LfsConversation lfs, TestPerson person, string path)
    {
        var answer = await lfs.PostAsync(person, "locks", $$"""{"path":"{{path}}"}""");
        Assert.Equal(201, answer.Status);
        return answer.Json.GetProperty("lock").GetProperty("id").GetString()!;
    }
}
