namespace Countersign.Bench.Ssh;

/// <summary>Two ways measured in turns, the order changing each time.</summary>
internal sealed class Pairs(IReadOnlyList<(double Ours, double Peer)> values)
{
    public static async Task<Pairs> InTurnsAsync(int rounds, Func<int, Task<TimeSpan>> ours, Func<int, Task<TimeSpan>> theirs)
    {
        var values = new List<(double, double)>();
        for (var round = 0; round <= rounds; round++)
        {
            var first = await (round % 2 == 0 ? ours(round) : theirs(round));
            var second = await (round % 2 == 0 ? theirs(round) : ours(round));
            if (round > 0) // the first fills caches and has code compiled
            {
                values.Add(round % 2 == 0 ? (first.TotalSeconds, second.TotalSeconds) : (second.TotalSeconds, first.TotalSeconds));
            }
        }

        return new(values);
    }

    public void Add(Report report, string what, double most)
    {
        var ratio = values.Select(pair => pair.Ours / pair.Peer).Median();
        report.Add(what, Ours, Peer, "s", $"<= {most:0.00}x", ratio <= most, ratio);
    }

    /// <param name="report">Where to.</param>
    /// <param name="what">Was measured.</param>
    /// <param name="most">Milliseconds that ours may take longer.</param>
    public void AddDifference(Report report, string what, double most)
    {
        var adds = (Ours - Peer) * 1000;
        report.Add(what, Ours * 1000, Peer * 1000, "ms", $"<= {most:0} ms more (adds {adds:0.0})", adds <= most);
    }

    private double Ours => values.Select(pair => pair.Ours).Median();

    private double Peer => values.Select(pair => pair.Peer).Median();
}
