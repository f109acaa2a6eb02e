using Countersign.Core.Challenges;
using Countersign.Server.Enforcement;
using Countersign.Server.People;

namespace Countersign.Server.Tests.Scenarios;

/// <summary>What ends a hold from outside.</summary>
[Trait("Category", "slow")]
public sealed class StopTests
{
    [Fact]
    public async Task A_gateway_that_stops_tells_held_commands_to_come_again_and_keeps_their_requests()
    {
        await using var held = await HeldCommands.PrepareAsync("clone", 2, redirect: true);
        var git = held.Start();
        var request = await held.Ann.NextRequestAsync();
        await held.Gateway.RestartAsync();

        var first = await git.Completion;
        Assert.Contains($"Not approved yet. Approve at {held.Gateway.Url}/a/{request.Id},", first.Shown, StringComparison.Ordinal);
        Assert.IsType<ChallengeState.Pending>(held.Gateway.Get<ChallengeReader>().Find(request.Id)!.State);

        Assert.Equal(ApprovalOutcome.Done, (await held.Ann.ApproveAsync(request)).Outcome);
        Assert.Equal(0, (await held.Start().Completion).ExitCode);
        Assert.True(await held.HasHappenedAsync());
    }

    [Theory]
    [InlineData("clone")]
    [InlineData("push")]
    public async Task Disabling_a_person_ends_what_they_wait_for_with_a_text(string command)
    {
        await using var held = await HeldCommands.PrepareAsync(command, 2, redirect: false);
        var git = held.Start();
        await held.Ann.NextRequestAsync();
        Assert.Null((await held.Gateway.Get<IPeople>().DisableAsync("ann", "test", CancellationToken.None)).Refusal);

        var result = await git.Completion;
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("Your access has ended", result.Shown, StringComparison.Ordinal);
        Assert.False(await held.HasHappenedAsync());
    }

    [Fact]
    public async Task A_client_that_hangs_up_cancels_its_request_and_a_late_approval_releases_nothing()
    {
        await using var held = await HeldCommands.PrepareAsync("clone", 2, redirect: true);
        var git = held.Start();
        var request = await held.Ann.NextRequestAsync();
        git.Kill();
        await held.Ann.NextAsync(change => change is { State: ChallengeState.Cancelled { Cause: CancelCause.ClientLeft } });

        Assert.Equal(ApprovalOutcome.AlreadySettled, (await held.Ann.ApproveAsync(request)).Outcome);
        Assert.False(await held.HasHappenedAsync());
        await git.Completion;
    }
}
