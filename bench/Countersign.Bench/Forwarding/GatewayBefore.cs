namespace Countersign.Bench.Forwarding;

/// <summary>A gateway in a process of its own that stands before the origin: its workspace, and its mount <c>/git</c>.</summary>
internal sealed class GatewayBefore(ServerProcess server) : IAsyncDisposable
{
    /// <summary>The setting of a gateway whose clients come through a proxy of this machine.</summary>
    public const string BehindProxy = "Gateway:TrustedProxies=127.0.0.1/32";

    public ServerProcess Server => server;

    /// <param name="folder">For its data.</param>
    /// <param name="origin">What it stands before.</param>
    /// <param name="policy">The word that puts its policy in force.</param>
    /// <param name="settings">Of its configuration.</param>
    public static async Task<GatewayBefore> StartAsync(string folder, Origin origin, string policy, params string[] settings)
    {
        var data = Path.Combine(folder, "data");
        await ServerProcess.SeedAsync(data, 1);
        var server = await ServerProcess.GatewayAsync(data, local: true, settings);
        try
        {
            await server.RequireAsync($"stand-before http://127.0.0.1:{origin.Port}/");
            await server.RequireAsync(policy);
            await server.RequireAsync("approve-what-comes 0");
            return new(server);
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => server.DisposeAsync();
}
