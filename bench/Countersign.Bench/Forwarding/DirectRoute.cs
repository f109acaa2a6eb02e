namespace Countersign.Bench.Forwarding;

/// <summary>Nothing between.</summary>
internal sealed class DirectRoute(Origin origin) : Route
{
    public override string Name => "direct";

    public override string Address(string repository) => origin.Address(repository);

    public override bool Takes(Figure figure) => !figure.IsProcessor();

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
