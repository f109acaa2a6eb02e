namespace Countersign.Bench.Forwarding;

/// <summary>The gateway with the origin behind it; a rule lets everything through, so that no push waits on disk.</summary>
internal sealed class StreamingRoute(GatewayBefore gateway) : Route
{
    public override string Name => "Countersign streaming";

    public override IReadOnlyList<Aim> Aims { get; } =
    [
        new Aim.AtMost(Figure.Clone, NginxRoute.Plain, 1.05),
        new Aim.AtMost(Figure.Push, NginxRoute.Plain, 1.05),
        new Aim.AtMost(Figure.CloneProcessor, FloorRoute.Bare, 1.2),
        new Aim.AtMost(Figure.PushProcessor, FloorRoute.Bare, 1.2),
        new Aim.AtLeast(Figure.Capabilities, FloorRoute.Bare, 1),
        new Aim.AtLeast(Figure.Repeated, FloorRoute.Bare, 1),
        new Aim.AtLeast(Figure.RefList, FloorRoute.Bare, 1),
        new Aim.AddsAtMost(Figure.Listing, NginxRoute.Plain, 1),
    ];

    public GatewayBefore Gateway => gateway;

    protected override IReadOnlyList<ProcessFigures> Between => [gateway.Server.Figures];

    public static async Task<StreamingRoute> StartAsync(string folder, Origin origin) => new(await GatewayBefore.StartAsync(folder, origin, "let-through all-but-held"));

    public override string Address(string repository) => $"http://localhost:{gateway.Server.Port}/scm/{Names.Workspace}/{repository}.git";

    public override ValueTask DisposeAsync() => gateway.DisposeAsync();
}
