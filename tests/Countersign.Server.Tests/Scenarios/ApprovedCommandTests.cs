namespace Countersign.Server.Tests.Scenarios;

[Trait("Category", "slow")]
public sealed class ApprovedCommandTests
{
    public static TheoryData<string, int, bool> Commands => HeldCommands.All();

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task A_command_waits_for_its_approval_and_then_goes_on_by_itself(string command, int protocol, bool redirect)
    {
        await using var held = await HeldCommands.PrepareAsync(command, protocol, redirect);

        var git = held.Start();
        var request = await held.Ann.NextRequestAsync();
        Assert.False(git.Completion.IsCompleted);
        Assert.True(command == "ls-remote" || !await held.HasHappenedAsync());
        await held.Ann.ApproveAsync(request);

        var result = await git.Completion;
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.True(command == "ls-remote" ? result.Output.Contains("refs/heads/main", StringComparison.Ordinal) : await held.HasHappenedAsync());
        Assert.Equal(redirect, result.Error.Contains($"warning: redirecting to {held.Gateway.Url}/w/{request.Id}-{request.Number}/scm/", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task A_denied_command_fails_with_a_reason_and_moves_nothing(string command, int protocol, bool redirect)
    {
        await using var held = await HeldCommands.PrepareAsync(command, protocol, redirect);

        var git = held.Start();
        var request = await held.Ann.DenyNextAsync();

        var result = await git.Completion;
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains($"(request {request.Id})", result.Shown, StringComparison.Ordinal);
        Assert.Contains($"{held.Gateway.Url}/a/{request.Id}/report", result.Shown, StringComparison.Ordinal);
        Assert.True(command == "ls-remote" ? result.Output.Length == 0 : !await held.HasHappenedAsync());
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task An_undecided_command_is_told_what_to_do_and_passes_at_once_when_run_again_after_its_approval(string command, int protocol, bool redirect)
    {
        await using var held = await HeldCommands.PrepareAsync(command, protocol, redirect);

        var waiting = held.Gateway.Clock.WhenArmedAsync(TimeSpan.FromSeconds(40), TimeSpan.FromSeconds(50));
        var git = held.Start();
        var request = await held.Ann.NextRequestAsync();
        await waiting;
        held.Gateway.Clock.Advance(TimeSpan.FromSeconds(50));
        var first = await git.Completion;
        Assert.NotEqual(0, first.ExitCode);
        Assert.Contains($"Not approved yet. Approve at {held.Gateway.Url}/a/{request.Id},", first.Shown, StringComparison.Ordinal);
        Assert.True(command == "ls-remote" ? first.Output.Length == 0 : !await held.HasHappenedAsync());

        await held.Ann.ApproveAsync(request);
        var second = await held.Start().Completion;
        Assert.True(second.ExitCode == 0, second.Error);
        Assert.True(command == "ls-remote" || await held.HasHappenedAsync());
    }
}
