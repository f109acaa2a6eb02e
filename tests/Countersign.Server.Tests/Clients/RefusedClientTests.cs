namespace Countersign.Server.Tests.Clients;

[Trait("Category", ClientProgram.Category)]
public sealed class RefusedClientTests
{
    public static TheoryData<string, string> Holds => ClientMatrix.Holds;

    [Theory]
    [MemberData(nameof(Holds))]
    public async Task A_denied_command_shows_its_reason_and_changes_nothing_and_keeps_its_credentials(string client, string command)
    {
        await using var gateway = await ClientMatrix.StartGatewayAsync(command);
        var home = await ClientHome.MakeAsync(gateway, client);
        var denied = await home.PrepareAsync(ClientMatrix.Verb(command));
        var running = denied.Start();
        var request = await home.Person.DenyNextAsync();
        var result = await running.Completion;
        var verb = command == "clone" ? "fetch" : "push";
        await ClientMatrix.AssertRefusedAsync(home, denied, result, $"Denied: this {verb} was refused (request {request.Id}).");
        Assert.Contains($"{gateway.Url}/a/{request.Id}/report", result.Shown, StringComparison.Ordinal);
        Assert.Contains(
            ClientsDocument.BeginningOfDenial(client, command).Replace("URL", $"{gateway.Url}/scm/ACME/core.git", StringComparison.Ordinal),
            result.Shown,
            StringComparison.Ordinal);
        await gateway.AssertInvariantsAsync();
    }
}
