using System.Globalization;

namespace Countersign.Bench.Forwarding;

/// <summary>Clones and pushes with the real git: how long each takes, and what it costs those that stand between.</summary>
internal static class Transfers
{
    private const double Gigabyte = 1e9;

    public static async Task RunAsync(string folder, Origin origin, IReadOnlyList<Route> routes, Measurements measured)
    {
        var (big, small) = (Path.Combine(folder, "big.git"), Path.Combine(folder, "small.git"));
        var bytes = await RandomRepository.MakeAsync(big, Settings.TransferMegabytes);
        await RandomRepository.MakeAsync(small, Settings.SmallMegabytes); // enough to warm everything up
        origin.Serve("big", big);
        origin.Serve("small", small);
        await Measurements.InTurnsAsync([.. routes.Where(route => route.Takes(Figure.Clone))], Settings.ForwardingRounds, async (route, round) =>
        {
            var target = Path.Combine(folder, "clone.git");
            var (seconds, processor) = await MeasureAsync(route, null, "clone", "--quiet", "--bare", route.Address(round < 0 ? "small" : "big"), target);
            Directory.Delete(target, recursive: true);
            Add(Figure.Clone, Figure.CloneProcessor, route, round, seconds, processor);
        });
        await Measurements.InTurnsAsync(routes, Settings.ForwardingRounds, async (route, round) =>
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"push{round + 1}");
            await origin.MakeAsync(name);
            var (seconds, processor) = await MeasureAsync(
                route, round < 0 ? small : big, "push", "--quiet", route.Address(name), $"refs/heads/main:{route.Branch}");
            origin.Delete(name);
            Add(Figure.Push, Figure.PushProcessor, route, round, seconds, processor);
        });
        Directory.Delete(big, recursive: true);
        Directory.Delete(small, recursive: true);

        void Add(Figure time, Figure cost, Route route, int round, double seconds, double processor)
        {
            if (round >= 0)
            {
                measured.Add(time, route, seconds);
                measured.Add(cost, route, processor / bytes * Gigabyte);
            }
        }
    }

    private static async Task<(double Seconds, double Processor)> MeasureAsync(Route route, string? folder, params string[] arguments)
    {
        var before = route.ProcessorSeconds;
        var time = await Git.TimeAsync(folder, [.. Names.Credentials, .. arguments]);
        return (time.TotalSeconds, route.ProcessorSeconds - before);
    }
}
