namespace Countersign.Bench.Forwarding;

/// <summary>Every figure of every way, round by round.</summary>
internal sealed class Measurements
{
    private readonly Dictionary<(Figure, string), List<double>> values = [];

    public void Add(Figure figure, Route route, double value)
    {
        if (!route.Takes(figure))
        {
            return;
        }

        if (!values.TryGetValue((figure, route.Name), out var rounds))
        {
            rounds = values[(figure, route.Name)] = [];
        }

        rounds.Add(value);
    }

    /// <summary>One row for each aim, and one beside nginx for what has none.</summary>
    public void Report(Report report, IReadOnlyList<Route> routes)
    {
        foreach (var figure in Enum.GetValues<Figure>())
        {
            foreach (var route in routes.Where(route => values.ContainsKey((figure, route.Name))))
            {
                var aims = route.Aims.Where(aim => aim.Figure == figure).ToArray();
                foreach (var aim in aims)
                {
                    var pairs = Pairs(figure, route.Name, aim.Against);
                    var (text, met) = aim.Judge(pairs);
                    Add(report, figure, route.Name, pairs, text, met);
                }

                if (aims.Length == 0 && (figure, NginxRoute.Plain) is var peer && values.ContainsKey(peer))
                {
                    Add(report, figure, route.Name, Pairs(figure, route.Name, NginxRoute.Plain), "", null);
                }
            }
        }
    }

    /// <summary>In each round every way had its turn, next to those that it is judged by.</summary>
    public static async Task InTurnsAsync(IReadOnlyList<Route> routes, int rounds, Func<Route, int, Task> measure)
    {
        for (var round = -1; round < rounds; round++) // the first fills caches and has code compiled
        {
            foreach (var route in round % 2 == 0 ? routes : routes.Reverse())
            {
                await measure(route, round);
            }
        }
    }

    private static void Add(Report report, Figure figure, string route, IReadOnlyList<(double Ours, double Peer)> pairs, string aim, bool? met) =>
        report.Add(
            $"{figure.Name()}: {route}", pairs.Select(pair => pair.Ours).Median(), pairs.Select(pair => pair.Peer).Median(), figure.Unit(), aim, met, Aim.Ratio(pairs));

    private List<(double Ours, double Peer)> Pairs(Figure figure, string ours, string peer) => [.. values[(figure, ours)].Zip(values[(figure, peer)])];
}
