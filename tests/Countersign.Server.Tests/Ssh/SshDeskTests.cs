using Countersign.Core.Challenges;
using Countersign.Server.Enforcement;
using Countersign.Server.People;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Ssh;

/// <summary>What can be said over SSH besides Git: greeting, list, approval, help.</summary>
[Trait("Category", "slow")]
public sealed class SshDeskTests
{
    private const string Archive = "git-upload-archive '/ACME/core.git'";
    private const string ArchiveOfMain = "0012argument main\n0000";

    [Fact]
    public async Task A_key_without_a_command_is_greeted_by_name()
    {
        await using var story = await SshStory.StartAsync();
        var result = await story.Relay.RunAsync(story.Key, "");
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Equal(
            [
                $"Hi ann. This is Countersign at {story.Gateway.Url}",
                "Two-step verification: an authenticator app.",
                "SSH keys: 1. You came with \"laptop\".",
                "What can be done here: ssh -p PORT git@HOST help",
                "",
            ],
            result.Output.Split('\n'));
    }

    [Fact]
    public async Task Who_has_no_second_factor_hears_where_to_set_it_up()
    {
        await using var story = await SshStory.StartAsync();
        var bob = await story.Gateway.AddPersonAsync("bob", factor: false);
        var identity = await SshIdentity.MakeAsync(Path.Combine(story.Gateway.Folder.FullName, "bob"));
        var key = await SshStory.AddKeyAsync(story.Gateway, bob, identity.PublicLine);
        Assert.Contains($"Two-step verification is not set up. It takes two minutes: {story.Gateway.Url}/security", (await story.Relay.RunAsync(key, "")).Output, StringComparison.Ordinal);
        var clone = await story.Relay.RunAsync(key, "git-upload-pack '/ACME/core.git'", protocol: 2);
        Assert.Contains("ERR Two-step verification is required for ACME/core.", clone.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_says_what_there_is()
    {
        await using var story = await SshStory.StartAsync();
        var result = await story.Relay.RunAsync(story.Key, "help");
        Assert.Equal(0, result.ExitCode);
        Assert.Contains("approve ID CODE", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_waits_is_listed_and_approved_with_a_code_once()
    {
        await using var story = await SshStory.StartAsync();
        Assert.Equal("Nothing waits for your approval.\n", (await story.Relay.RunAsync(story.Key, "requests")).Output);
        using var held = story.Relay.Begin(story.Key, Archive);
        await held.WriteAsync(ArchiveOfMain, last: true);
        var request = await story.Ann.NextRequestAsync();

        var listed = (await story.Relay.RunAsync(story.Key, "requests")).Output;
        Assert.Equal($"{request.Id}  Download an archive of ACME/core, from 127.0.0.1, just now\nApprove at {story.Gateway.Url}/ or with ssh -p PORT git@HOST approve ID CODE\n", listed);

        var code = story.Ann.FreshCode();
        var approved = await story.Relay.RunAsync(story.Key, $"approve {request.Id} {code}");
        Assert.Equal((0, "Approved: Download an archive of ACME/core. The command goes on.\n"), (approved.ExitCode, approved.Output));
        Assert.Equal(0, await held.EndAsync());
        Assert.Contains("file3.txt", await held.ReadAllAsync(), StringComparison.Ordinal);

        var again = await story.Relay.RunAsync(story.Key, $"approve {request.Id} {code}");
        Assert.Equal((1, "countersign: That request is settled or over. Run its command again.\n"), (again.ExitCode, again.Error));
    }

    [Fact]
    public async Task A_code_is_spent_once_over_ssh_and_every_other_way()
    {
        await using var story = await SshStory.StartAsync();
        using var first = story.Relay.Begin(story.Key, Archive);
        await first.WriteAsync(ArchiveOfMain, last: true);
        var request = await story.Ann.NextRequestAsync();
        var code = story.Ann.FreshCode();
        Assert.Equal(0, (await story.Relay.RunAsync(story.Key, $"approve {request.Id} {code}")).ExitCode);
        await first.EndAsync();

        await story.Gateway.AddRepositoryAsync("other");
        using var second = story.Relay.Begin(story.Key, "git-receive-pack '/ACME/other.git'");
        var push = await story.Ann.NextRequestAsync();
        var reused = await story.Relay.RunAsync(story.Key, $"approve {push.Id} {code}");
        Assert.Equal(1, reused.ExitCode);
        Assert.Contains("each code works once", reused.Error, StringComparison.Ordinal);
        Assert.Equal(ApprovalOutcome.ProofRefused, (await story.Gateway.Get<Approvals>().ApproveAsync(
            story.Ann.Principal, push.Id, new(null, code, null, null), TestContext.Current.CancellationToken)).Outcome);
        Assert.IsType<ChallengeState.Pending>(story.Gateway.Get<ChallengeReader>().Find(push.Id)!.State);
        await second.LeaveAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(second.EndAsync);
    }

    [Fact]
    public async Task Wrong_codes_delay_and_then_lock_as_everywhere()
    {
        await using var story = await SshStory.StartAsync();
        using var held = story.Relay.Begin(story.Key, Archive);
        await held.WriteAsync(ArchiveOfMain, last: true);
        var request = await story.Ann.NextRequestAsync();
        var errors = new List<string>();
        for (var guess = 0; guess < 6; guess++)
        {
            var result = await story.Relay.RunAsync(story.Key, $"approve {request.Id} {guess:000000}");
            Assert.Equal(1, result.ExitCode);
            errors.Add(result.Error);
        }

        Assert.Contains("That did not work.", errors[0], StringComparison.Ordinal);
        Assert.Contains("Too many wrong tries.", errors[^1], StringComparison.Ordinal);
        Assert.False(held.Status.IsCompleted);
        await held.LeaveAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(held.EndAsync);
    }

    [Fact]
    public async Task A_rule_that_asks_for_the_number_sends_to_the_page()
    {
        await using var story = await SshStory.StartAsync("version: 1\nmode: enforce\nrules:\n  - { name: all, require: { strength: strong, number: true } }\n");
        using var held = story.Relay.Begin(story.Key, Archive);
        await held.WriteAsync(ArchiveOfMain, last: true);
        var request = await story.Ann.NextRequestAsync();
        var result = await story.Relay.RunAsync(story.Key, $"approve {request.Id} {story.Ann.FreshCode()}");
        Assert.Equal((1, $"countersign: This request asks for the number that its command shows.\ncountersign: Approve it at {story.Gateway.Url}/a/{request.Id}\n"), (result.ExitCode, result.Error));
        Assert.DoesNotContain(request.Number, (await story.Relay.RunAsync(story.Key, "requests")).Output.Replace(request.Id.Value, "", StringComparison.Ordinal).Split(", from")[0], StringComparison.Ordinal);
        await story.Ann.ApproveAsync(request, request.Number);
        Assert.Equal(0, await held.EndAsync());
    }

    [Theory]
    [InlineData("approve")]
    [InlineData("approve WDJB-MJHT")]
    [InlineData("approve WDJB-MJHT 12345")]
    [InlineData("approve WDJB-MJHT 1234567")]
    public async Task An_approval_that_is_none_says_how(string command)
    {
        await using var story = await SshStory.StartAsync();
        var result = await story.Relay.RunAsync(story.Key, command);
        Assert.Equal((1, "countersign: Say approve ID CODE, as in approve WDJB-MJHT 123456\n"), (result.ExitCode, result.Error));
    }

    [Fact]
    public async Task Nobody_sees_or_approves_what_another_person_is_asked()
    {
        await using var story = await SshStory.StartAsync();
        var bob = await story.Gateway.AddPersonAsync("bob");
        var identity = await SshIdentity.MakeAsync(Path.Combine(story.Gateway.Folder.FullName, "bob"));
        var key = await SshStory.AddKeyAsync(story.Gateway, bob, identity.PublicLine);
        using var held = story.Relay.Begin(story.Key, Archive);
        await held.WriteAsync(ArchiveOfMain, last: true);
        var request = await story.Ann.NextRequestAsync();

        Assert.Equal("Nothing waits for your approval.\n", (await story.Relay.RunAsync(key, "requests")).Output);
        var theirs = await story.Relay.RunAsync(key, $"approve {request.Id} {bob.FreshCode()}");
        var none = await story.Relay.RunAsync(key, $"approve WDJB-MJHT {bob.FreshCode()}");
        Assert.Equal((1, none.Error), (theirs.ExitCode, theirs.Error));
        Assert.False(held.Status.IsCompleted);
        await held.LeaveAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(held.EndAsync);
    }

    [Fact]
    public async Task A_key_that_was_removed_opens_nothing_not_even_the_greeting()
    {
        await using var story = await SshStory.StartAsync();
        Assert.Null((await story.Gateway.Get<ISshKeys>().RemoveAsync(story.Ann.Id, story.Key, "ann", TestContext.Current.CancellationToken)).Refusal);
        foreach (var command in new[] { "", "help", "requests", Archive, "git-lfs-authenticate ACME/core.git upload" })
        {
            var result = await story.Relay.RunAsync(story.Key, command);
            Assert.Equal((1, ""), (result.ExitCode, result.Output));
            Assert.Contains("This SSH key has been removed", result.Error, StringComparison.Ordinal);
        }
    }
}
