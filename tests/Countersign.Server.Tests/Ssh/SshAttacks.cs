using System.Security.Cryptography;
using System.Text;
using Countersign.Core.Challenges;
using Countersign.Server.Audit;
using Countersign.Server.Enforcement;
using Countersign.Server.People;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Tests.Regressions;

namespace Countersign.Server.Tests.Ssh;

/// <summary>What an attacker tries over SSH, with a key that is good.</summary>
public sealed class SshAttacks
{
    private const string Push = "git-receive-pack '/ACME/core.git'";
    private const string Fetch = "git-upload-pack '/ACME/core.git'";

    [Theory]
    [InlineData("rm -rf x")]
    [InlineData("sh -i")]
    [InlineData("git-upload-pack '/ACME/core.git'; id")]
    [InlineData("git-upload-pack '$(id)'")]
    [InlineData("git-upload-pack --strict '/ACME/core.git'")]
    [InlineData("git-upload-pack '/../../etc'")]
    [InlineData("git-receive-pack '/ACME/core.git' '/ACME/other.git'")]
    [InlineData("git -c core.sshCommand=id upload-pack '/ACME/core.git'")]
    [InlineData("git-lfs-authenticate ACME/core.git everything")]
    [InlineData("git-lfs-transfer ACME/core.git upload")]
    [InlineData("scp -t /")]
    public async Task A_command_that_does_not_exist_asks_nobody_and_leaves_no_decision(string command)
    {
        await using var story = await SshStory.StartAsync();
        var result = await story.Relay.RunAsync(story.Key, command);
        Assert.NotEqual(0, result.ExitCode);
        Assert.True(result.Output.Length == 0 || result.Output[4..].StartsWith("ERR There is no repository at this address.", StringComparison.Ordinal));
        Assert.Empty(story.Gateway.Get<ChallengeReader>().List(story.Ann.Id, 10));
        Assert.DoesNotContain(await story.Gateway.AuditAsync(), record => record.Event.Type == AuditTypes.CommandDecided);
    }

    [Fact]
    public async Task A_repository_that_is_not_there_and_one_of_others_read_the_same()
    {
        await using var story = await SshStory.StartAsync();
        await using var database = await story.Gateway.Get<Microsoft.EntityFrameworkCore.IDbContextFactory<Server.Storage.GatewayDbContext>>().CreateDbContextAsync(TestContext.Current.CancellationToken);
        Assert.Null((await story.Gateway.Get<IWorkspaces>().AddAsync("OTHER", null, null, "test", TestContext.Current.CancellationToken)).Refusal);
        Assert.True(Core.Git.RepositoryPath.TryParse("OTHER/secret", out var secret));
        Assert.Null((await story.Gateway.Get<IRepositories>().AddAsync(secret, Core.Policies.RepositoryKind.Repository, false, null, "test", TestContext.Current.CancellationToken)).Refusal);
        foreach (var verb in new[] { "git-upload-pack", "git-receive-pack", "git-upload-archive" })
        {
            var hidden = await story.Relay.RunAsync(story.Key, $"{verb} 'OTHER/secret'", Encoding.ASCII.GetBytes("0012argument main\n0000"));
            var absent = await story.Relay.RunAsync(story.Key, $"{verb} 'OTHER/absent'", Encoding.ASCII.GetBytes("0012argument main\n0000"));
            Assert.Equal((hidden.ExitCode, hidden.Output.Replace("secret", "absent", StringComparison.Ordinal), hidden.Error), (absent.ExitCode, absent.Output, absent.Error));
            Assert.Contains("ERR Repository OTHER/absent was not found, or you may not see it.", absent.Output, StringComparison.Ordinal);
        }

        Assert.Empty(story.Gateway.Get<ChallengeReader>().List(story.Ann.Id, 10));
    }

    [Fact]
    public async Task A_client_that_leaves_while_it_is_held_takes_its_request_along()
    {
        await using var story = await SshStory.StartAsync();
        using var held = story.Relay.Begin(story.Key, Fetch, 2);
        var request = await story.Ann.NextRequestAsync();
        await held.LeaveAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(held.EndAsync);
        Assert.Equal(new ChallengeState.Cancelled(CancelCause.ClientLeft), story.Gateway.Get<ChallengeReader>().Find(request.Id)!.State);
        Assert.Equal(ApprovalOutcome.AlreadySettled, (await story.Ann.ApproveAsync(request)).Outcome);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_person_who_is_disabled_or_a_key_that_is_removed_ends_what_is_held_with_a_text(bool person)
    {
        await using var story = await SshStory.StartAsync();
        using var held = story.Relay.Begin(story.Key, Fetch, 2);
        await story.Ann.NextRequestAsync();
        await EndAsync(story, person);
        Assert.Equal(1, await held.EndAsync());
        Assert.Contains("ERR Your access has ended, or the SSH key was ", await held.ReadAllAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_person_who_is_disabled_or_a_key_that_is_removed_cuts_what_streams(bool person)
    {
        await using var story = await SshStory.StartAsync(LargeFiles.Policies.EverythingFree);
        using var fetch = story.Relay.Begin(story.Key, Fetch, 2);
        using var push = story.Relay.Begin(story.Key, Push);
        await fetch.ReadUntilAsync("version 2"); // the conversation is open; its child waits for us
        await push.ReadUntilAsync("refs/heads/main");
        await push.WriteAsync(PushByHand.Head($"{PushByHand.Zero} {await story.TipAsync()} refs/heads/side") + "PACK"); // and its pack never ends
        var completed = WaitForAsync(story, record => record.Type == AuditTypes.CommandDecided && record.Facts["phase"] == "Transfer" && record.Facts["service"] == "ReceivePack");
        await completed;
        await EndAsync(story, person);
        Assert.Equal(1, await fetch.EndAsync());
        Assert.Equal(1, await push.EndAsync());
        Assert.Null(await story.TipAsync("refs/heads/side"));
    }

    [Fact]
    public async Task One_approval_lets_one_push_through_however_many_run_on_the_connection()
    {
        await using var story = await SshStory.StartAsync();
        using var first = story.Relay.Begin(story.Key, Push);
        var request = await story.Ann.NextRequestAsync();
        using var second = story.Relay.Begin(story.Key, Push);
        Assert.True(SpinWait.SpinUntil(() => story.Gateway.Get<HoldPlaces>().Taken == 2, TimeSpan.FromSeconds(30)));
        await story.Ann.ApproveAsync(request);
        await first.ReadUntilAsync("refs/heads/main");
        await second.ReadUntilAsync("refs/heads/main"); // both show the same refs to the same person

        var tip = await story.TipAsync();
        await first.WriteAsync(PushByHand.Head($"{PushByHand.Zero} {tip} refs/heads/one") + PushByHand.EmptyPack, last: true);
        Assert.Equal(0, await first.EndAsync());
        await second.WriteAsync(PushByHand.Head($"{PushByHand.Zero} {tip} refs/heads/two") + PushByHand.EmptyPack, last: true);
        var other = await story.Ann.NextRequestAsync();
        Assert.Equal("refs/heads/two", Assert.Single(other.Command.Updates).Name.Value);
        await story.Ann.DenyAsync(other);
        Assert.Equal(1, await second.EndAsync());
        Assert.NotNull(await story.TipAsync("refs/heads/one"));
        Assert.Null(await story.TipAsync("refs/heads/two"));
    }

    [Fact]
    public async Task A_push_approved_ref_by_ref_covers_no_other_push()
    {
        await using var story = await SshStory.StartAsync(PushByHand.OpenReads);
        var tip = await story.TipAsync();
        using var first = story.Relay.Begin(story.Key, Push);
        using var second = story.Relay.Begin(story.Key, Push);
        await first.WriteAsync(PushByHand.Head($"{PushByHand.Zero} {tip} refs/heads/one") + PushByHand.EmptyPack);
        var one = await story.Ann.NextRequestAsync();
        await second.WriteAsync(PushByHand.Head($"{PushByHand.Zero} {tip} refs/heads/two") + PushByHand.EmptyPack);
        var two = await story.Ann.NextRequestAsync();
        await story.Ann.ApproveAsync(one);
        Assert.Equal(0, await first.EndAsync());
        Assert.False(second.Status.IsCompleted);
        await story.Ann.DenyAsync(two);
        Assert.Equal(1, await second.EndAsync());
        Assert.Null(await story.TipAsync("refs/heads/two"));
    }

    [Fact]
    public async Task A_client_that_leaves_its_side_open_after_its_pack_is_answered_all_the_same()
    {
        await using var story = await SshStory.StartAsync(PushByHand.OpenReads);
        using var push = story.Relay.Begin(story.Key, Push);
        await push.WriteAsync(PushByHand.Head($"{PushByHand.Zero} {await story.TipAsync()} refs/heads/side") + PushByHand.EmptyPack);
        await story.Ann.ApproveNextAsync();
        Assert.Equal(0, await push.EndAsync());
        Assert.Contains("ok refs/heads/side", await push.ReadAllAsync(), StringComparison.Ordinal);

        using var delete = story.Relay.Begin(story.Key, Push);
        await delete.WriteAsync(PushByHand.Head($"{await story.TipAsync()} {PushByHand.Zero} refs/heads/side")); // no pack, and no end
        await story.Ann.ApproveNextAsync();
        Assert.Equal(0, await delete.EndAsync());
        Assert.Null(await story.TipAsync("refs/heads/side"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("0000")]
    public async Task A_client_that_has_nothing_to_push_ends_well(string said)
    {
        await using var story = await SshStory.StartAsync(LargeFiles.Policies.EverythingFree);
        var result = await story.Relay.RunAsync(story.Key, Push, Encoding.ASCII.GetBytes(said));
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.DoesNotContain(await story.Gateway.AuditAsync(), record => record.Event.Facts.GetValueOrDefault("phase") == "Transfer");
    }

    [Theory]
    [InlineData("xxxx")]
    [InlineData("0009hello")]
    [InlineData("00")]
    public async Task A_push_that_is_none_moves_nothing_and_is_told(string said)
    {
        await using var story = await SshStory.StartAsync(LargeFiles.Policies.EverythingFree);
        var result = await story.Relay.RunAsync(story.Key, Push, Encoding.ASCII.GetBytes(said));
        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith("countersign: Malformed push: ", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_pack_that_breaks_off_moves_nothing(bool looked)
    {
        await using var story = await SshStory.StartAsync(looked ? PushByHand.OpenReads : LargeFiles.Policies.EverythingFree);
        using var push = story.Relay.Begin(story.Key, Push);
        await push.WriteAsync(PushByHand.Head($"{PushByHand.Zero} {await story.TipAsync()} refs/heads/side") + PushByHand.EmptyPack[..20], last: true);
        Assert.Equal(1, await push.EndAsync());
        Assert.Null(await story.TipAsync("refs/heads/side"));
        Assert.Empty(story.Gateway.Get<ChallengeReader>().List(story.Ann.Id, 10));
    }

    [Fact]
    [Trait("Category", "slow")]
    public async Task A_push_larger_than_may_wait_is_told_and_kept_nowhere()
    {
        await using var story = await SshStory.StartAsync(PushByHand.OpenReads, new() { ["Holds:SpoolBytes"] = "1048576" });
        var tree = await story.WorkTreeAsync();
        await tree.CommitAsync("big.bin", Convert.ToBase64String(RandomNumberGenerator.GetBytes(4_000_000)));
        var before = await story.TipAsync();
        var result = await tree.RunAsync("push", "origin", "main");
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("remote: This push does not fit the room for pushes that wait for approval.", result.Shown, StringComparison.Ordinal);
        Assert.Contains(" ! [remote rejected] main -> main (denied by the gateway)", result.Shown, StringComparison.Ordinal);
        Assert.Equal(before, await story.TipAsync());
    }

    [Fact]
    [Trait("Category", "slow")]
    public async Task Refs_that_changed_between_the_list_and_the_push_are_not_overwritten()
    {
        await using var story = await SshStory.StartAsync();
        var tree = await story.WorkTreeAsync();
        await tree.CommitAsync("new.txt", "new\n");
        var push = tree.StartAsync("push", "origin", "main");
        var request = await story.Ann.NextRequestAsync();
        var parent = (await GitClient.RunBareAsync(story.Bare, "rev-parse", "main~1")).Output.Trim();

        // Between the list of refs and the changes, the client's own hook is where a neighbour's push fits in.
        var hook = Path.Combine(tree.Folder, ".git", "hooks", "pre-push");
        Directory.CreateDirectory(Path.GetDirectoryName(hook)!);
        await File.WriteAllTextAsync(hook, $"#!/bin/sh\nGIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*' git --git-dir='{story.Bare}' update-ref refs/heads/main {parent}\n", TestContext.Current.CancellationToken);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(hook, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        await story.Ann.ApproveAsync(request);
        var result = await push.Completion;
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("! [remote rejected] main -> main", result.Shown, StringComparison.Ordinal);
        Assert.Equal(parent, await story.TipAsync());
    }

    [Fact]
    [Trait("Category", "slow")]
    public async Task A_rule_about_forced_updates_is_asked_over_ssh_too()
    {
        await using var story = await SshStory.StartAsync(
            """
            version: 1
            mode: enforce
            rules:
              - { name: free, effect: allow }
              - { name: no-force, operations: [write], forced: true, effect: deny }
            """);
        var tree = await story.WorkTreeAsync();
        await tree.SucceedAsync("commit", "-q", "--amend", "-m", "Other words");
        var before = await story.TipAsync();
        var result = await tree.RunAsync("push", "--force", "origin", "main");
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("remote: The rules of ACME do not allow this push (rule no-force).", result.Shown, StringComparison.Ordinal);
        Assert.DoesNotContain("fatal", result.Shown, StringComparison.Ordinal);
        Assert.Equal(before, await story.TipAsync());
        await tree.CommitAsync("more.txt", "more\n");
        await tree.SucceedAsync("push", "-q", "-o", "ci.skip", "--atomic", "origin", "HEAD:refs/heads/side");
        Assert.NotNull(await story.TipAsync("refs/heads/side"));
    }

    [Fact]
    [Trait("Category", "slow")]
    public async Task A_program_in_a_repositorys_settings_is_run_by_no_archive()
    {
        await using var story = await SshStory.StartAsync(LargeFiles.Policies.EverythingFree);
        var evidence = Path.Combine(story.Gateway.Folder.FullName, "evidence");
        await File.AppendAllTextAsync(Path.Combine(story.Bare, "config"), $"[tar \"evil\"]\n\tcommand = touch {evidence}\n\tremote = true\n", TestContext.Current.CancellationToken);
        foreach (var format in new[] { "--format=evil", "--form=evil" })
        {
            var result = await story.Git("outside").RunAsync("archive", $"--remote={SshStory.Url}", format, "main");
            Assert.NotEqual(0, result.ExitCode);
            Assert.StartsWith("fatal: remote error: Refused: git archive does not take ", result.Error, StringComparison.Ordinal);
        }

        Assert.False(File.Exists(evidence));
        Assert.Empty(story.Gateway.Get<ChallengeReader>().List(story.Ann.Id, 10));
    }

    private static async Task EndAsync(SshStory story, bool person)
    {
        if (person)
        {
            Assert.Null((await story.Gateway.Get<IPeople>().DisableAsync("ann", "test", TestContext.Current.CancellationToken)).Refusal);
        }
        else
        {
            Assert.Null((await story.Gateway.Get<ISshKeys>().RemoveAsync(story.Ann.Id, story.Key, "ann", TestContext.Current.CancellationToken)).Refusal);
        }
    }

    private static async Task WaitForAsync(SshStory story, Func<Core.Audit.AuditEvent, bool> fits)
    {
        for (var tries = 0; !(await story.Gateway.AuditAsync()).Any(record => fits(record.Event)); tries++)
        {
            Assert.True(tries < 3000, "it was not recorded");
            await Task.Yield();
        }
    }
}
