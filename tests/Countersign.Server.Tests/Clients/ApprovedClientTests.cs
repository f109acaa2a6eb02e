using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Clients;

[Trait("Category", ClientProgram.Category)]
public sealed class ApprovedClientTests
{
    public static TheoryData<string> Clients => ClientMatrix.Clients;

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task Clone_fetch_and_push_each_wait_for_an_approval_and_then_go_on_by_themselves(string client)
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var home = await ClientHome.MakeAsync(gateway, client);
        foreach (var verb in new[] { "clone", "fetch", "push" })
        {
            var command = await home.PrepareAsync(verb);
            var running = command.Start();
            var request = await home.Person.NextRequestAsync();
            Assert.False(await command.HasHappenedAsync());
            await home.Person.ApproveAsync(request);
            var result = await running.Completion;
            await ClientMatrix.AssertDoneAsync(home, command, result);

            // Only Git's own command line is redirected, because only it shows the line.
            var line = $"warning: redirecting to {gateway.Url}/w/{request.Id}-{request.Number}/scm/ACME/core.git/";
            Assert.Equal(home.Client.IsGit, result.Shown.Contains(line, StringComparison.Ordinal));
            Assert.Equal(home.Client.IsGit, request.CommandToken is not null);
            Assert.Equal(home.Client.IsGit, result.Shown.Contains("/w/", StringComparison.Ordinal));
            gateway.Clock.Advance(TimeSpan.FromMinutes(15)); // the approval of this one is no longer good for the next
        }

        await gateway.AssertInvariantsAsync();
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task A_push_that_says_what_it_changes_shows_where_to_approve_while_it_waits(string client)
    {
        await using var gateway = await GatewayFixture.StartAsync(ClientHome.OpenReads);
        var home = await ClientHome.MakeAsync(gateway, client);
        var push = await home.PrepareAsync("push");
        var running = push.Start();
        var request = await home.Person.ApproveNextAsync();
        var result = await running.Completion;
        await ClientMatrix.AssertDoneAsync(home, push, result);
        Assert.Contains($"waiting for your approval at {gateway.Url}/a/{request.Id}   number {request.Number}", result.Shown, StringComparison.Ordinal);
        await gateway.AssertInvariantsAsync();
    }
}
