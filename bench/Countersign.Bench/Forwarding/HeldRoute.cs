namespace Countersign.Bench.Forwarding;

/// <summary>The same gateway, but pushes to this branch owe a second factor: each waits on disk, sealed, and is approved at once.</summary>
internal sealed class HeldRoute(StreamingRoute streaming) : Route
{
    public override string Name => "Countersign, push held and approved";

    public override string Branch => "refs/heads/held/main";

    protected override IReadOnlyList<ProcessFigures> Between => [streaming.Gateway.Server.Figures];

    public override string Address(string repository) => streaming.Address(repository);

    public override bool Takes(Figure figure) => figure is Figure.Push or Figure.PushProcessor;

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
