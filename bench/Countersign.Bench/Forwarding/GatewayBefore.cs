namespace Countersign.Bench.Forwarding;

/// <summary>A gateway in a process of its own that stands before the origin: its workspace, and its mount <c>/git</c>.</summary>
internal sealed class GatewayBefore(ServerProcess server) : IAsyncDisposable
{
    public ServerProcess Server => server;

    public static async Task<GatewayBefore> StartAsync(string folder, Origin origin, params string[] settings)
    {
        var data = Path.Combine(folder, "data");
        await ServerProcess.SeedAsync(data, 1);
        var server = await ServerProcess.GatewayAsync(data, local: true, settings);
        try
        {
            await server.RequireAsync($"stand-before http://localhost:{origin.Port}/");
            await server.RequireAsync("let-through");
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
