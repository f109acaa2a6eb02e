using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Clients;

[Trait("Category", ClientProgram.Category)]
public sealed class UndecidedClientTests
{
    public static TheoryData<string, string> Holds => ClientMatrix.SilentHolds;

    [Theory]
    [MemberData(nameof(Holds))]
    public async Task An_undecided_command_shows_where_to_approve_and_passes_when_it_is_run_again(string client, string command)
    {
        await using var gateway = await ClientMatrix.StartGatewayAsync(command);
        var home = await ClientHome.MakeAsync(gateway, client);
        var undecided = await home.PrepareAsync(ClientMatrix.Verb(command));
        var steps = StepsOf(home.Client);
        var waits = NextAsync(gateway.Clock, steps[0]);
        var running = undecided.Start();
        var request = await home.Person.NextRequestAsync();
        for (var step = 0; step < steps.Count; step++)
        {
            await waits;
            waits = step + 1 < steps.Count ? NextAsync(gateway.Clock, steps[step + 1]) : Task.CompletedTask;
            gateway.Clock.Advance(steps[step]);
        }

        var result = await running.Completion;
        await ClientMatrix.AssertRefusedAsync(home, undecided, result, $"Not approved yet. Approve at {gateway.Url}/a/{request.Id},");

        await home.Person.ApproveAsync(request);
        await ClientMatrix.AssertDoneAsync(home, undecided, await undecided.Start().Completion);
        await gateway.AssertInvariantsAsync();
    }

    /// <summary>A hold of 50 s: silent towards Git's command line, a byte every 4 s towards the others.</summary>
    private static List<TimeSpan> StepsOf(ClientProgram client) =>
        client.IsGit
            ? [TimeSpan.FromSeconds(50)]
            : [.. Enumerable.Repeat(TimeSpan.FromSeconds(4), 12), TimeSpan.FromSeconds(2)];

    private static Task NextAsync(FakeClock clock, TimeSpan step) => clock.WhenArmedAsync(step - TimeSpan.FromSeconds(1), step);
}
