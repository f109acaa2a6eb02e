namespace Countersign.Bench.Forwarding;

/// <summary>The floor of our own stack: <see cref="BareForwarder"/> in a process of its own.</summary>
internal sealed class FloorRoute(ServerProcess server) : Route
{
    public const string Bare = "bare Kestrel forwarder";

    public override string Name => Bare;

    protected override IReadOnlyList<ProcessFigures> Between => [server.Figures];

    public static async Task<Route> StartAsync(Origin origin) => new FloorRoute(await ServerProcess.ForwarderAsync(origin.Port));

    public override string Address(string repository) => $"http://localhost:{server.Port}/git/{repository}.git";

    public override ValueTask DisposeAsync() => server.DisposeAsync();
}
