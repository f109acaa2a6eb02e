using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Clients;

/// <summary>The rows of the matrix, and what all its stories ask of an answer.</summary>
public static class ClientMatrix
{
    public static TheoryData<string> Clients { get; } = [.. ClientProgram.All.Select(client => client.Name)];

    /// <summary>Every client with every command that waits: a clone, a push before it may see the refs, and a push that says what it changes.</summary>
    public static TheoryData<string, string> Holds { get; } = Cross("clone", "push before its refs", "push with its refs");

    /// <summary>Those of which the client can be told nothing before the end.</summary>
    public static TheoryData<string, string> SilentHolds { get; } = Cross("clone", "push before its refs");

    internal static string Verb(string command) => command.Split(' ')[0];

    internal static Task<GatewayFixture> StartGatewayAsync(string command) =>
        GatewayFixture.StartAsync(command == "push with its refs" ? ClientHome.OpenReads : null);

    internal static async Task AssertRefusedAsync(ClientHome home, ClientCommand command, GitResult result, string text)
    {
        KeepShown(result);
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains(text, result.Shown, StringComparison.Ordinal);
        Assert.False(await command.HasHappenedAsync());
        Assert.Equal(home.Stored, await File.ReadAllTextAsync(home.StoreFile, TestContext.Current.CancellationToken));
    }

    internal static async Task AssertDoneAsync(ClientHome home, ClientCommand command, GitResult result)
    {
        KeepShown(result);
        Assert.True(result.ExitCode == 0, $"{home.Client.Name}: {result.Output}{result.Error}");
        Assert.True(await command.HasHappenedAsync(), $"{home.Client.Name} reported success, but: {result.Output}{result.Error}");
    }

    /// <summary>What the person was shown goes into the report, to write docs/clients.md from.</summary>
    private static void KeepShown(GitResult result) => TestContext.Current.AddAttachment($"shown {Guid.NewGuid():N}", result.Output + result.Shown);

    private static TheoryData<string, string> Cross(params ReadOnlySpan<string> commands)
    {
        var rows = new TheoryData<string, string>();
        foreach (var client in ClientProgram.All)
        {
            foreach (var command in commands)
            {
                rows.Add(client.Name, command);
            }
        }

        return rows;
    }
}
