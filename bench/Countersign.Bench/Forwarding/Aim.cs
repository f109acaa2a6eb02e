using System.Globalization;

namespace Countersign.Bench.Forwarding;

/// <summary>What one way is to reach in one figure, beside another way of the same round.</summary>
/// <param name="Figure">The figure.</param>
/// <param name="Against">The name of the other way.</param>
internal abstract record Aim(Figure Figure, string Against)
{
    /// <param name="pairs">Of the same rounds.</param>
    public abstract (string Text, bool Met) Judge(IReadOnlyList<(double Ours, double Peer)> pairs);

    /// <summary>The median of pairs: what slows a whole round down does not count.</summary>
    public static double Ratio(IEnumerable<(double Ours, double Peer)> pairs) => pairs.Select(pair => pair.Ours / pair.Peer).Median();

    internal sealed record AtMost(Figure Figure, string Against, double Times) : Aim(Figure, Against)
    {
        public override (string Text, bool Met) Judge(IReadOnlyList<(double Ours, double Peer)> pairs) =>
            (string.Create(CultureInfo.InvariantCulture, $"<= {Times:0.00}x {Against}"), Ratio(pairs) <= Times);
    }

    internal sealed record AtLeast(Figure Figure, string Against, double Times) : Aim(Figure, Against)
    {
        public override (string Text, bool Met) Judge(IReadOnlyList<(double Ours, double Peer)> pairs) =>
            (string.Create(CultureInfo.InvariantCulture, $">= {Times:0.00}x {Against}"), Ratio(pairs) >= Times);
    }

    internal sealed record AddsAtMost(Figure Figure, string Against, double More) : Aim(Figure, Against)
    {
        public override (string Text, bool Met) Judge(IReadOnlyList<(double Ours, double Peer)> pairs)
        {
            var added = pairs.Select(pair => pair.Ours - pair.Peer).Median();
            return (string.Create(CultureInfo.InvariantCulture, $"<= {Against} + {More:0.##} {Figure.Unit()} (adds {added:0.00})"), added <= More);
        }
    }
}
