using System.Globalization;
using Countersign.Server.People;

namespace Countersign.Server.Web.Views;

/// <summary>One bar an hour, in the units of the picture: failed attempts below, refused ones on top.</summary>
internal sealed class AttemptChart(IReadOnlyList<AttemptHour> hours)
{
    public const int Width = 720;
    public const int Height = 160;
    public const int Base = 159;
    public const int BarWidth = 24;
    private const int Step = 30;
    private const int Tallest = 150;
    private const int Least = 3; // one attempt among thousands is still seen

    public bool IsEmpty => Failed + Refused == 0;

    public int Failed { get; } = hours.Sum(hour => hour.Failed);

    public int Refused { get; } = hours.Sum(hour => hour.Refused);

    public string From => hours.Count == 0 ? "" : Clock(hours[0].Hour);

    public string To => hours.Count == 0 ? "" : Clock(hours[^1].Hour.AddHours(1));

    public IReadOnlyList<Bar> Bars { get; } = BarsOf(hours);

    /// <param name="Hour">"14:00".</param>
    /// <param name="Words">What is said of it on hover.</param>
    internal sealed record Bar(string Hour, int Failed, int Refused, int X, int FailedY, int FailedHeight, int RefusedY, int RefusedHeight, string Words);

    private static List<Bar> BarsOf(IReadOnlyList<AttemptHour> hours)
    {
        var most = hours.Select(hour => hour.Failed + hour.Refused).DefaultIfEmpty().Max();
        return [.. hours.Index().Select(at =>
        {
            var (failed, refused) = (Length(at.Item.Failed, most), Length(at.Item.Refused, most));
            var hour = Clock(at.Item.Hour);
            return new Bar(
                hour, at.Item.Failed, at.Item.Refused, (at.Index * Step) + ((Step - BarWidth) / 2),
                Base - failed, failed, Base - failed - refused, refused, $"{hour}: {at.Item.Failed} failed, {at.Item.Refused} refused");
        })];
    }

    private static int Length(int count, int most) => count == 0 ? 0 : Math.Max(Least, (int)((long)count * (Tallest - Least) / most));

    private static string Clock(DateTimeOffset time) => time.ToUniversalTime().ToString("HH:mm", CultureInfo.InvariantCulture);
}
