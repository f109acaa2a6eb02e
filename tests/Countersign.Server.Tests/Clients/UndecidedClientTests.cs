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
        var step = TimeSpan.FromSeconds(home.Client.IsGit ? 50 : 4);
        var waits = gateway.Clock.WhenArmedAsync(step - TimeSpan.FromSeconds(1), step);
        var running = undecided.Start();
        var request = await home.Person.NextRequestAsync();
        await waits;
        gateway.Clock.Advance(TimeSpan.FromSeconds(50));
        var result = await running.Completion;
        await ClientMatrix.AssertRefusedAsync(home, undecided, result, $"Not approved yet. Approve at {gateway.Url}/a/{request.Id},");

        await home.Person.ApproveAsync(request);
        await ClientMatrix.AssertDoneAsync(home, undecided, await undecided.Start().Completion);
        await gateway.AssertInvariantsAsync();
    }
}
