using System.Globalization;
using Countersign.Core.Challenges;
using Countersign.Server.Audit;
using Countersign.Server.Enforcement;
using Countersign.Server.People;
using Countersign.Server.Tests.Fixtures;
using static Countersign.Server.Tests.Regressions.RawConnection;

namespace Countersign.Server.Tests.Regressions;

/// <summary>What happens around a command while it is held: rules change, people go, clients leave, floods come.</summary>
[Trait("Category", "slow")]
public sealed class HoldTests
{
    private const string Read = "/scm/ACME/core.git/info/refs?service=git-upload-pack";
    private const string OpenReads = "version: 1\nmode: enforce\nrules:\n  - { name: reads, operations: [read], effect: allow }\n  - { name: writes, operations: [write] }\n";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("version: 1\nmode: enforce\nrules:\n  - { name: closed, effect: deny }\n", "closed")]
    [InlineData("version: 1\nmode: enforce\nrules:\n  - { name: keys-only, require: { strength: phishing-resistant } }\n", "stronger second factor")]
    [InlineData("version: 1\nmode: enforce\nrules:\n  - { name: others, people: [bob], effect: allow }\n", "do not allow")]
    public async Task Rules_that_became_stricter_during_a_hold_deny_at_the_release(string stricter, string expected)
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        using var held = await RawConnection.OpenAsync(gateway);
        await held.SendAsync(Get(Read, Basic(ann)));
        var request = await ann.NextRequestAsync();
        await gateway.ApplyPolicyAsync(stricter);
        await ann.ApproveAsync(request);

        var answer = await held.ReadAnswerAsync();
        Assert.Contains(expected, answer.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("refs/heads", answer.Body, StringComparison.Ordinal);
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task Rules_that_were_loosened_during_a_hold_take_back_neither_the_question_nor_what_it_asks_for()
    {
        await using var gateway = await GatewayFixture.StartAsync("version: 1\nmode: enforce\nrules:\n  - { name: keys-only, require: { strength: phishing-resistant } }\n");
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        await gateway.AddRepositoryAsync("other");
        var (visitor, key) = await Visitor.WithPasskeyAsync(gateway, ann);
        using var owner = visitor;
        using var authenticator = key;
        var fetch = owner.FetchAsync(ann);
        var request = await ann.NextRequestAsync();
        var second = owner.FetchAsync(ann, "ACME/other");
        var other = await ann.NextRequestAsync();
        await gateway.ApplyPolicyAsync("version: 1\nmode: enforce\nrules:\n  - { name: open, effect: allow }\n");

        Assert.NotEqual(ApprovalOutcome.Done, (await ann.ApproveAsync(request)).Outcome); // a code, where a passkey was asked for at the start
        Assert.False(fetch.IsCompleted);
        Assert.Equal(200, (await owner.ApproveAsync(request.Id.Value, new { assertion = await owner.AssertForAsync(key, request.Id.Value) })).Status);
        Assert.True(Visitor.Released(await fetch));
        await ann.DenyAsync(other);
        Assert.False(Visitor.Released(await second)); // what its owner denied is denied
        await gateway.AssertInvariantsAsync();
    }

    [Theory]
    [InlineData("disabled")]
    [InlineData("revoked")]
    [InlineData("removed")]
    public async Task Whose_access_ends_during_a_hold_is_told_so_at_once_and_a_late_approval_releases_nothing(string how)
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        using var held = await RawConnection.OpenAsync(gateway);
        await held.SendAsync(Get(Read, Basic(ann)));
        var request = await ann.NextRequestAsync();
        var principal = ann.Principal;

        await EndAsync(gateway, ann, how);

        var answer = await held.ReadAnswerAsync(); // no time passes in this gateway
        Assert.Contains("Your access has ended", answer.Body, StringComparison.Ordinal);
        var late = await gateway.Get<Approvals>().ApproveAsync(principal, request.Id, new(null, ann.FreshCode(), null, null), Cancellation);
        Assert.Equal(ApprovalOutcome.AlreadySettled, late.Outcome);
        Assert.Contains(await gateway.AuditAsync(), record => record.Event.Type == AuditTypes.ChallengeCancelled && record.Event.Facts["cause"] == "AccessEnded");
        await gateway.AssertInvariantsAsync();
    }

    [Theory]
    [InlineData("disabled")]
    [InlineData("revoked")]
    [InlineData("removed")]
    public async Task Whose_access_ends_during_a_transfer_has_it_cut(string how)
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        var core = await gateway.AddRepositoryAsync();
        using var refs = await RawConnection.OpenAsync(gateway);
        await refs.SendAsync(Get("/scm/ACME/core.git/info/refs?service=git-receive-pack", Basic(ann)));
        await ann.ApproveNextAsync();
        await refs.ReadAnswerAsync();
        var head = Packet($"{new string('0', 40)} {await gateway.TipAsync(core)} refs/heads/x\0report-status side-band-64k") + "0000PACK";
        using var push = await RawConnection.OpenAsync(gateway);
        await push.SendAsync(
            $"POST /scm/ACME/core.git/git-receive-pack HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-git-receive-pack-request\r\nTransfer-Encoding: chunked\r\n{Basic(ann)}\r\n{Chunk(head + new string('x', 5000))}");
        while (!(await gateway.AuditAsync()).Any(record => record.Event.Type == AuditTypes.CommandDecided && record.Event.Facts["phase"] == "Transfer"))
        {
            await Task.Yield();
        }

        await EndAsync(gateway, ann, how);
        await push.ReadToEndAsync(); // ends, though the upload never does

        Assert.Null(await gateway.TipAsync(core, "refs/heads/x"));
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task A_person_who_is_switched_off_and_on_again_finds_no_old_approval_alive()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        using var first = await RawConnection.OpenAsync(gateway);
        await first.SendAsync(Get(Read, Basic(ann)));
        await ann.ApproveNextAsync();
        Assert.Equal(200, (await first.ReadAnswerAsync()).Status);
        await gateway.Get<IPeople>().DisableAsync("ann", "test", Cancellation);
        await gateway.Get<IPeople>().EnableAsync("ann", "test", Cancellation);
        var token = (await gateway.Get<IAccessTokens>().AddAsync(ann.Id, "new", 1, "test", Cancellation)).Value.Secret;
        Assert.Equal(401, (await AskAsync(gateway, Get(Read, Basic(ann)))).Status);
        using var again = await RawConnection.OpenAsync(gateway);
        await again.SendAsync(Get(Read, BasicOf("ann", token)));
        await ann.DenyNextAsync();
        Assert.DoesNotContain("refs/heads", (await again.ReadAnswerAsync()).Body, StringComparison.Ordinal);
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task Report_mode_lets_through_and_records_what_it_would_have_done_and_off_asks_nothing()
    {
        await using var gateway = await GatewayFixture.StartAsync("version: 1\nmode: report\nrules:\n  - { name: writes, operations: [write], effect: deny }\n  - { name: reads, operations: [read] }\n");
        var ann = await gateway.AddPersonAsync();
        var core = await gateway.AddRepositoryAsync();
        var tree = new GitClient(Path.Combine(gateway.Folder.FullName, "tree"));
        await tree.SucceedAsync("clone", "-q", ann.UrlOf("ACME/core"), ".");
        var tip = await tree.CommitAsync("x.txt", "x");
        await tree.SucceedAsync("push", "-q", "origin", "main");
        Assert.Equal(tip, await gateway.TipAsync(core));
        var would = (await gateway.AuditAsync()).Select(record => record.Event.Facts.GetValueOrDefault("would_have_been", "")).ToList();
        Assert.Contains(would, word => word.StartsWith("StepUp", StringComparison.Ordinal));
        Assert.Contains(would, word => word.StartsWith("Deny", StringComparison.Ordinal));

        await gateway.ApplyPolicyAsync("version: 1\nmode: off\nrules:\n  - { name: closed, effect: deny }\n");
        tip = await tree.CommitAsync("y.txt", "y");
        await tree.SucceedAsync("push", "-q", "origin", "main");
        Assert.Equal(tip, await gateway.TipAsync(core));
        Assert.DoesNotContain(await gateway.AuditAsync(), record => record.Event.Type == AuditTypes.ChallengeCreated);
        await gateway.AssertInvariantsAsync();
    }

    [Theory]
    [InlineData(2)]
    [InlineData(0)]
    public async Task Control_C_during_a_hold_takes_the_question_back_and_a_late_answer_releases_nothing(int protocol)
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        var git = new GitClient(Path.Combine(gateway.Folder.FullName, "work"), protocol).StartAsync("clone", ann.UrlOf("ACME/core"), "c");
        var request = await ann.NextRequestAsync();
        git.Kill();
        var settled = await ann.NextAsync(challenge => challenge.Id == request.Id && challenge.State.IsFinal);
        Assert.Equal(new ChallengeState.Cancelled(CancelCause.ClientLeft), settled.State);
        await git.Completion;

        Assert.Equal(ApprovalOutcome.AlreadySettled, (await ann.ApproveAsync(request)).Outcome);
        using var next = await RawConnection.OpenAsync(gateway);
        await next.SendAsync(Get(Read, Basic(ann)));
        Assert.NotEqual(request.Id, (await ann.DenyNextAsync()).Id);
        Assert.DoesNotContain("refs/heads", (await next.ReadAnswerAsync()).Body, StringComparison.Ordinal);
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task Hundreds_of_clients_that_join_and_leave_at_once_leave_nobody_waiting_and_no_timer()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        using var stays = await RawConnection.OpenAsync(gateway);
        await stays.SendAsync(Get(Read, Basic(ann)));
        var request = await ann.NextRequestAsync();
        await Task.WhenAll(Enumerable.Range(0, 300).Select(async number =>
        {
            using var comes = await RawConnection.OpenAsync(gateway);
            await comes.SendAsync(Get(Read, Basic(ann)));
            for (var turn = 0; turn < number % 7; turn++)
            {
                await Task.Yield();
            }
        }));

        await ann.ApproveAsync(request); // of them all only this one still waits, and it gets its answer
        Assert.Contains("refs/heads/main", (await stays.ReadAnswerAsync()).Body, StringComparison.Ordinal);
        await QuietAsync(gateway);
        await gateway.AssertInvariantsAsync();
    }

    [Theory]
    [InlineData("Holds:PerPerson", 2)]
    [InlineData("Holds:PerNetwork", 2)]
    [InlineData("Holds:Total", 2)]
    public async Task A_flood_is_told_that_too_many_wait_and_places_come_back(string cap, int places)
    {
        await using var gateway = await GatewayFixture.StartAsync(settings: new() { [cap] = places.ToString(CultureInfo.InvariantCulture) });
        var ann = await gateway.AddPersonAsync();
        var held = new List<(RawConnection Connection, Challenge Request)>();
        for (var number = 0; number < places; number++)
        {
            await gateway.AddRepositoryAsync($"r{number}");
            var connection = await RawConnection.OpenAsync(gateway);
            await connection.SendAsync(Get($"/scm/ACME/r{number}.git/info/refs?service=git-upload-pack", Basic(ann)));
            held.Add((connection, await ann.NextRequestAsync()));
        }

        await gateway.AddRepositoryAsync();
        Assert.Contains("Too many commands are waiting", (await AskAsync(gateway, Get(Read, Basic(ann)))).Body, StringComparison.Ordinal);
        await ann.DenyAsync(held[0].Request);
        Assert.Contains("Denied", (await held[0].Connection.ReadAnswerAsync()).Body, StringComparison.Ordinal);

        using var recovered = await RawConnection.OpenAsync(gateway);
        await recovered.SendAsync(Get(Read, Basic(ann)));
        await ann.ApproveNextAsync();
        Assert.Contains("refs/heads/main", (await recovered.ReadAnswerAsync()).Body, StringComparison.Ordinal);
        held.ForEach(pair => pair.Connection.Dispose());
        await QuietAsync(gateway);
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task A_stop_during_a_hold_tells_to_run_the_command_again_at_once()
    {
        await using var gateway = await GatewayFixture.StartAsync(OpenReads);
        var ann = await gateway.AddPersonAsync();
        var core = await gateway.AddRepositoryAsync();
        var push = Post("/scm/ACME/core.git", "git-receive-pack", Basic(ann), Packet($"{await gateway.TipAsync(core)} {new string('0', 40)} refs/heads/main\0report-status side-band-64k delete-refs") + "0000");
        using var held = await RawConnection.OpenAsync(gateway);
        await held.SendAsync(push);
        var request = await ann.NextRequestAsync();
        await gateway.RestartAsync();
        Assert.Contains($"Not approved yet. Approve at {gateway.Url}/a/{request.Id}", await held.ReadToEndAsync(), StringComparison.Ordinal);
        Assert.NotNull(await gateway.TipAsync(core));
        await gateway.AssertInvariantsAsync();
    }

    /// <summary>Waits, without a clock, for the ends of connections to arrive.</summary>
    private static async Task QuietAsync(GatewayFixture gateway)
    {
        using var patience = GatewayProcess.Bounded();
        while (gateway.Get<HoldPlaces>().Taken > 0 || gateway.Get<ChallengeAnnouncements>().Waiting > 0)
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    private static async Task EndAsync(GatewayFixture gateway, TestPerson person, string how)
    {
        switch (how)
        {
            case "disabled":
                await gateway.Get<IPeople>().DisableAsync(person.Name, "test", Cancellation);
                break;
            case "revoked":
                var token = (await gateway.Get<IAccessTokens>().ListAsync(person.Id, Cancellation)).Single();
                await gateway.Get<IAccessTokens>().RevokeAsync(person.Id, token.Id, "test", Cancellation);
                break;
            default:
                await gateway.Get<IWorkspaces>().RemoveMemberAsync("ACME", person.Name, "test", Cancellation);
                break;
        }
    }
}
