namespace Countersign.Bench.Forwarding;

internal enum Figure
{
    Clone,
    CloneProcessor,
    Push,
    PushProcessor,
    Capabilities,
    CapabilitiesProcessor,
    RefList,
    Listing,
}

internal static class FigureText
{
    public static string Name(this Figure figure) => figure switch
    {
        Figure.Clone => $"clone of {Settings.TransferMegabytes} MB",
        Figure.CloneProcessor => "processor between, for 1 GB cloned",
        Figure.Push => $"push of {Settings.TransferMegabytes} MB",
        Figure.PushProcessor => "processor between, for 1 GB pushed",
        Figure.Capabilities => $"info/refs, version 2, {RequestRates.Connections} connections",
        Figure.CapabilitiesProcessor => "processor between, for one of them",
        Figure.RefList => $"info/refs, ref list, {RequestRates.Connections} connections",
        Figure.Listing => "git ls-remote, p50",
        _ => throw new ArgumentOutOfRangeException(nameof(figure)),
    };

    public static string Unit(this Figure figure) => figure switch
    {
        Figure.Capabilities or Figure.RefList => "/s",
        Figure.CapabilitiesProcessor => "us",
        Figure.Listing => "ms",
        _ => "s",
    };
}
