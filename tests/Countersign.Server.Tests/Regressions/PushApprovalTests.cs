using Countersign.Server.Audit;
using Countersign.Server.Enforcement;
using Countersign.Server.Tests.Fixtures;
using static Countersign.Server.Tests.Regressions.PushByHand;
using static Countersign.Server.Tests.Regressions.RawConnection;

namespace Countersign.Server.Tests.Regressions;

/// <summary>What an approval lets through: one push, the one that was approved, for whom it was given.</summary>
[Trait("Category", "slow")]
public sealed class PushApprovalTests
{
    [Fact]
    public async Task An_approval_of_one_push_does_not_let_another_one_through()
    {
        await using var gateway = await GatewayFixture.StartAsync(OpenReads);
        var ann = await gateway.AddPersonAsync();
        var core = await gateway.AddRepositoryAsync();
        var tip = (await gateway.TipAsync(core))!;

        // Undecided in time, then approved; what comes next is not what was approved.
        using var first = await RawConnection.OpenAsync(gateway);
        await first.SendAsync(Post(CorePath, "git-receive-pack", Basic(ann), Head($"{Zero} {tip} refs/heads/good") + EmptyPack));
        var approved = await ann.NextRequestAsync();
        await first.ReadUntilAsync(approved.Id.Value);
        first.Dispose();
        using var again = await RawConnection.OpenAsync(gateway);
        await ann.NextAsync(challenge => challenge.Id == approved.Id && challenge.State.IsFinal);
        await again.SendAsync(Post(CorePath, "git-receive-pack", Basic(ann), Head($"{Zero} {tip} refs/heads/good") + EmptyPack));
        var second = await ann.NextRequestAsync();
        gateway.Clock.Advance(TimeSpan.FromSeconds(1));
        foreach (var other in new[] { $"{Zero} {tip} refs/heads/evil", $"{tip} {Zero} refs/heads/main" })
        {
            using var attack = await RawConnection.OpenAsync(gateway);
            await attack.SendAsync(Post(CorePath, "git-receive-pack", Basic(ann), Head(other) + (other.StartsWith(Zero, StringComparison.Ordinal) ? EmptyPack : "")));
            var asked = await ann.NextRequestAsync();
            Assert.NotEqual(second.Id, asked.Id);
            Assert.Equal(ApprovalOutcome.Done, (await ann.DenyAsync(asked)).Outcome);
            Assert.Contains("ng refs/heads/", (await attack.ReadAnswerAsync()).Body, StringComparison.Ordinal);
            gateway.Clock.Advance(TimeSpan.FromSeconds(130));
        }

        Assert.Equal(ApprovalOutcome.Done, (await ann.ApproveAsync(second)).Outcome);
        Assert.Contains("ok refs/heads/good", (await again.ReadAnswerAsync()).Body, StringComparison.Ordinal);

        // The same approval, after it was used.
        using var late = await RawConnection.OpenAsync(gateway);
        await late.SendAsync(Post(CorePath, "git-receive-pack", Basic(ann), Head($"{tip} {Zero} refs/heads/good")));
        await ann.DenyNextAsync();
        Assert.Contains("ng refs/heads/good", (await late.ReadAnswerAsync()).Body, StringComparison.Ordinal);
        Assert.Equal((tip, tip, null), (await gateway.TipAsync(core), await gateway.TipAsync(core, "refs/heads/good"), await gateway.TipAsync(core, "refs/heads/evil")));
        await gateway.AssertInvariantsAsync();
    }

    [Theory]
    [InlineData("side-band-64k delete-refs", "")] // wants no report, so nobody hears that it went well
    [InlineData("report-status delete-refs", "ok refs/heads/one")]
    public async Task One_approval_before_the_refs_were_known_lets_one_push_through_whatever_it_reports(string capabilities, string reported)
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        var core = await gateway.AddRepositoryAsync();
        var tip = (await gateway.TipAsync(core))!;
        using var refs = await RawConnection.OpenAsync(gateway);
        await refs.SendAsync(Get($"{CorePath}/info/refs?service=git-receive-pack", Basic(ann)));
        await ann.ApproveNextAsync();
        Assert.Equal(200, (await refs.ReadAnswerAsync()).Status);

        var one = await AskAsync(gateway, Post(CorePath, "git-receive-pack", Basic(ann), Packet($"{Zero} {tip} refs/heads/one\0{capabilities}") + "0000" + EmptyPack));
        Assert.Contains(reported, one.Body, StringComparison.Ordinal);
        Assert.Equal(tip, await gateway.TipAsync(core, "refs/heads/one"));

        using var two = await RawConnection.OpenAsync(gateway);
        await two.SendAsync(Post(CorePath, "git-receive-pack", Basic(ann), Head($"{Zero} {tip} refs/heads/two") + EmptyPack));
        await ann.DenyNextAsync();
        Assert.Contains("ng refs/heads/two", (await two.ReadAnswerAsync()).Body, StringComparison.Ordinal);
        Assert.Null(await gateway.TipAsync(core, "refs/heads/two"));
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task A_push_of_which_one_ref_was_taken_has_used_its_approval_and_one_that_changed_nothing_has_not()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        var core = await gateway.AddRepositoryAsync();
        var tip = (await gateway.TipAsync(core))!;
        using var refs = await RawConnection.OpenAsync(gateway);
        await refs.SendAsync(Get($"{CorePath}/info/refs?service=git-receive-pack", Basic(ann)));
        await ann.ApproveNextAsync();
        await refs.ReadAnswerAsync();

        var stale = await AskAsync(gateway, Post(CorePath, "git-receive-pack", Basic(ann), Head($"{new string('1', 40)} {tip} refs/heads/main") + EmptyPack));
        Assert.Contains("ng refs/heads/main", stale.Body, StringComparison.Ordinal);
        var half = await AskAsync(gateway, Post(CorePath, "git-receive-pack", Basic(ann), Head($"{Zero} {tip} refs/heads/one", $"{new string('1', 40)} {tip} refs/heads/main") + EmptyPack));
        Assert.Contains("ok refs/heads/one", half.Body, StringComparison.Ordinal);

        using var more = await RawConnection.OpenAsync(gateway);
        await more.SendAsync(Post(CorePath, "git-receive-pack", Basic(ann), Head($"{Zero} {tip} refs/heads/two") + EmptyPack));
        await ann.DenyNextAsync();
        Assert.Contains("ng refs/heads/two", (await more.ReadAnswerAsync()).Body, StringComparison.Ordinal);
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task Of_many_equal_pushes_that_wait_for_one_approval_exactly_one_passes_and_the_others_are_asked_for_again()
    {
        await using var gateway = await GatewayFixture.StartAsync(OpenReads);
        var ann = await gateway.AddPersonAsync();
        var core = await gateway.AddRepositoryAsync();
        var tip = (await gateway.TipAsync(core))!;
        var connections = new List<RawConnection>();
        var push = Post(CorePath, "git-receive-pack", Basic(ann), Head($"{Zero} {tip} refs/heads/race") + EmptyPack);
        for (var number = 0; number < 6; number++)
        {
            var connection = await RawConnection.OpenAsync(gateway);
            await connection.SendAsync(push);
            connections.Add(connection);
        }

        var request = await ann.NextRequestAsync();
        foreach (var connection in connections)
        {
            await connection.ReadUntilAsync(request.Id.Value); // all wait for the same
        }

        await ann.ApproveAsync(request);
        await ann.DenyNextAsync(); // what the others wait for now
        var answers = await Task.WhenAll(connections.Select(connection => connection.ReadAnswerAsync()));
        connections.ForEach(connection => connection.Dispose());
        Assert.Single(answers, answer => answer.Body.Contains("ok refs/heads/race", StringComparison.Ordinal));
        Assert.Equal(5, answers.Count(answer => answer.Body.Contains("ng refs/heads/race", StringComparison.Ordinal)));
        Assert.Single(await gateway.AuditAsync(), record => record.Event.Type == AuditTypes.CommandCompleted);
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task An_approval_serves_no_other_person_credential_repository_or_class()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        var bob = await gateway.AddPersonAsync("bob");
        var core = await gateway.AddRepositoryAsync();
        await gateway.AddRepositoryAsync("other");
        var second = (await gateway.Get<Server.People.IAccessTokens>().AddAsync(ann.Id, "second", 1, "test", TestContext.Current.CancellationToken)).Value.Secret;
        const string Read = "/info/refs?service=git-upload-pack";
        using var approved = await RawConnection.OpenAsync(gateway);
        await approved.SendAsync(Get(CorePath + Read, Basic(ann)));
        await ann.ApproveNextAsync();
        Assert.Equal(200, (await approved.ReadAnswerAsync()).Status);
        Assert.Equal(200, (await AskAsync(gateway, Get(CorePath + Read, Basic(ann)))).Status);

        foreach (var (who, target, authorization) in new[]
        {
            (bob, CorePath + Read, Basic(bob)),
            (ann, CorePath + Read, BasicOf("ann", second)),
            (ann, "/scm/ACME/other.git" + Read, Basic(ann)),
        })
        {
            using var other = await RawConnection.OpenAsync(gateway);
            await other.SendAsync(Get(target, authorization));
            await who.DenyNextAsync();
            var answer = await other.ReadAnswerAsync();
            Assert.Contains("Denied: this ", answer.Body, StringComparison.Ordinal);
            Assert.DoesNotContain("refs/heads", answer.Body, StringComparison.Ordinal);
        }

        using var write = await RawConnection.OpenAsync(gateway);
        await write.SendAsync(Post(CorePath, "git-receive-pack", Basic(ann), Head($"{(await gateway.TipAsync(core))!} {Zero} refs/heads/main")));
        await ann.DenyNextAsync();
        Assert.Contains("ng refs/heads/main", (await write.ReadAnswerAsync()).Body, StringComparison.Ordinal);

        // Undecided in time, then approved: the other credential still has to ask for itself.
        gateway.Clock.Advance(TimeSpan.FromMinutes(20));
        using var undecided = await RawConnection.OpenAsync(gateway);
        await undecided.SendAsync(Get(CorePath + Read, Basic(ann)));
        var late = await ann.NextRequestAsync();
        gateway.Clock.Advance(TimeSpan.FromSeconds(50));
        Assert.Contains("Not approved yet", (await undecided.ReadAnswerAsync()).Body, StringComparison.Ordinal);
        await ann.ApproveAsync(late);
        using var thief = await RawConnection.OpenAsync(gateway);
        await thief.SendAsync(Get(CorePath + Read, BasicOf("ann", second)));
        await ann.DenyNextAsync();
        Assert.Contains("Denied", (await thief.ReadAnswerAsync()).Body, StringComparison.Ordinal);
        Assert.Equal(200, (await AskAsync(gateway, Get(CorePath + Read, Basic(ann)))).Status);
        await gateway.AssertInvariantsAsync();
    }
}
