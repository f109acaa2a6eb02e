namespace Countersign.Server.Tests.Clients;

[Trait("Category", ClientProgram.Category)]
public sealed class HeldClientTests(HeldClients held) : IClassFixture<HeldClients>
{
    public static TheoryData<string, string> Holds => ClientMatrix.Holds;

    [Theory]
    [MemberData(nameof(Holds))]
    public async Task A_hold_of_twenty_seconds_is_outlived_and_the_command_then_goes_on_by_itself(string client, string command)
    {
        var end = await held.ResultAsync(client, command);
        Assert.False(end.GaveUp, $"{client} gave up: {end.Result.Output}{end.Result.Error}");
        await ClientMatrix.AssertDoneAsync(end.Home, end.Command, end.Result);
        Assert.Equal(end.Home.Client.IsGit, end.Request.UserAgent.StartsWith("git/2.", StringComparison.Ordinal) && !end.Request.UserAgent.Contains('('));
    }

    [Fact]
    public async Task All_those_holds_together_leave_an_intact_log_and_nobody_waiting()
    {
        foreach (var gateway in held.Gateways)
        {
            await gateway.AssertInvariantsAsync();
        }
    }
}
