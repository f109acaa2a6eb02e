using System.Globalization;

namespace Countersign.Core.Audit;

/// <summary>The "since" of a listing: an ISO 8601 time (UTC unless it says otherwise), or an age such as <c>90s</c>, <c>15m</c>, <c>2h</c>, <c>7d</c>, <c>4w</c>.</summary>
public static class AuditSince
{
    private static readonly string[] Formats =
    [
        "yyyy-MM-dd", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK",
    ];

    /// <returns>False when the text is neither, or reaches back before the calendar.</returns>
    public static bool TryParse(string text, DateTimeOffset now, out DateTimeOffset since)
    {
        if (DateTimeOffset.TryParseExact(text, Formats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out since))
        {
            return true;
        }

        since = default;
        if (text.Length < 2 || UnitOf(text[^1]) is not { } unit || !int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count))
        {
            return false;
        }

        var ticks = (Int128)unit.Ticks * count;
        var valid = ticks <= now.UtcTicks;
        since = valid ? now.ToUniversalTime().AddTicks(-(long)ticks) : default;
        return valid;
    }

    private static TimeSpan? UnitOf(char letter) => letter switch
    {
        's' => TimeSpan.FromSeconds(1),
        'm' => TimeSpan.FromMinutes(1),
        'h' => TimeSpan.FromHours(1),
        'd' => TimeSpan.FromDays(1),
        'w' => TimeSpan.FromDays(7),
        _ => null,
    };
}
