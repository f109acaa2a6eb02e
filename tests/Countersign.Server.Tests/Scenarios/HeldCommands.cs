using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Scenarios;

/// <summary>Every command that reads or writes, in every protocol version, with and without the redirect.</summary>
public static class HeldCommands
{
    public static TheoryData<string, int, bool> All()
    {
        var data = new TheoryData<string, int, bool>();
        foreach (var command in new[] { "clone", "fetch", "pull", "push", "ls-remote", "shallow", "partial", "submodules" })
        {
            foreach (var protocol in new[] { 0, 1, 2 })
            {
                data.Add(command, protocol, true);
                data.Add(command, protocol, false);
            }
        }

        return data;
    }

    /// <summary>A gateway with ACME/core and ann, and the command made ready to run: a work tree where it needs one.</summary>
    internal static async Task<HeldCommand> PrepareAsync(string command, int protocol, bool redirect)
    {
        var gateway = await GatewayFixture.StartAsync(settings: new() { ["Holds:Redirect"] = redirect.ToString() });
        var ann = await gateway.AddPersonAsync();
        var core = await gateway.AddRepositoryAsync();
        return await HeldCommand.PrepareAsync(gateway, ann, core, command, protocol);
    }
}
