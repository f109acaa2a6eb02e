namespace Countersign.Bench.Forwarding;

/// <summary>The most memory that the gateway takes while a push streams through it, small and big, in one process of its own.</summary>
internal static class PushMemory
{
    private const int WarmUps = 5;
    private const int Smalls = 3;
    private const double Megabyte = 1024 * 1024;

    public static async Task RunAsync(string folder, Origin origin, Report report)
    {
        var (small, big) = (Path.Combine(folder, "small.git"), Path.Combine(folder, "big.git"));
        await RandomRepository.MakeAsync(small, Settings.SmallMegabytes);
        await RandomRepository.MakeAsync(big, Settings.BigMegabytes);
        await using var route = await StreamingRoute.StartAsync(folder, origin);
        for (var round = 0; round < WarmUps; round++)
        {
            await PeakAsync(route, origin, small);
        }

        var peaks = new List<double>();
        for (var round = 0; round < Smalls; round++)
        {
            peaks.Add(await PeakAsync(route, origin, small));
        }

        var most = await PeakAsync(route, origin, big);
        report.Add(
            $"most memory of the gateway, push of {Settings.BigMegabytes} MB (peer: of {Settings.SmallMegabytes} MB)",
            most / Megabyte, peaks.Median() / Megabyte, "MB", "within 10 %", most <= peaks.Median() * 1.1);
        Directory.Delete(small, recursive: true);
        Directory.Delete(big, recursive: true);
    }

    private static async Task<double> PeakAsync(StreamingRoute route, Origin origin, string source)
    {
        var server = route.Gateway.Server.Figures;
        await origin.MakeAsync("memory");
        server.ForgetPeak();
        await Git.RunAsync(source, [.. Names.Credentials, "push", "--quiet", route.Address("memory"), route.Branch]);
        var peak = server.Peak;
        origin.Delete("memory");
        return peak;
    }
}
