namespace Countersign.Bench.Forwarding;

internal enum Figure
{
    Clone,
    CloneProcessor,
    Push,
    PushProcessor,
    Capabilities,
    CapabilitiesProcessor,
    Repeated,
    RepeatedProcessor,
    RefList,
    RefListProcessor,
    Listing,
}

internal static class FigureText
{
    /// <summary>What those between take for it: nothing, where there is nobody.</summary>
    public static bool IsProcessor(this Figure figure) => figure
        is Figure.CloneProcessor or Figure.PushProcessor or Figure.CapabilitiesProcessor or Figure.RepeatedProcessor or Figure.RefListProcessor;

    public static string Name(this Figure figure) => figure switch
    {
        Figure.Clone => $"clone of {Settings.TransferMegabytes} MB",
        Figure.CloneProcessor => "processor between, for 1 GB cloned",
        Figure.Push => $"push of {Settings.TransferMegabytes} MB",
        Figure.PushProcessor => "processor between, for 1 GB pushed",
        Figure.Capabilities => "info/refs, version 2, each of another repository",
        Figure.Repeated => "info/refs, version 2, of one repository again and again",
        Figure.RefList => "info/refs, ref list",
        Figure.CapabilitiesProcessor or Figure.RepeatedProcessor or Figure.RefListProcessor => $"{(figure - 1).Name()}: processor between",
        Figure.Listing => "git ls-remote, p50",
        _ => throw new ArgumentOutOfRangeException(nameof(figure)),
    };

    public static string Unit(this Figure figure) => figure switch
    {
        Figure.Capabilities or Figure.Repeated or Figure.RefList => "/s",
        Figure.CapabilitiesProcessor or Figure.RepeatedProcessor or Figure.RefListProcessor => "us",
        Figure.Listing => "ms",
        _ => "s",
    };
}
