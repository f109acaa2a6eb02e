using System.Globalization;

namespace Countersign.Server.Policies;

/// <summary>Durations of the policy file: <c>60s</c>, <c>10m</c>, <c>8h</c>, <c>1d</c>.</summary>
internal static class PolicyDuration
{
    public static readonly TimeSpan Shortest = TimeSpan.FromSeconds(10);
    public static readonly TimeSpan Longest = TimeSpan.FromDays(7);

    public static TimeSpan? Read(PolicyFields fields, string key, PolicyErrors errors)
    {
        if (fields.Text(key) is not { } text)
        {
            return null;
        }

        if (!TryParse(text.Value, out var duration))
        {
            errors.Add(text, $"'{key}' is a duration like 60s, 10m, 8h or 1d, found {text.Description}");
            return null;
        }

        if (duration < Shortest || duration > Longest)
        {
            errors.Add(text, $"'{key}' is between 10s and 7d, found {text.Description}");
            return null;
        }

        return duration;
    }

    private static bool TryParse(string text, out TimeSpan duration)
    {
        duration = default;
        if (text.Length is < 2 or > 8 || text[0] == '0' || !int.TryParse(text.AsSpan(..^1), NumberStyles.None, CultureInfo.InvariantCulture, out var count))
        {
            return false;
        }

        var unit = text[^1] switch { 's' => 1, 'm' => 60, 'h' => 3600, 'd' => 86_400, _ => 0 };
        duration = TimeSpan.FromSeconds((long)count * unit);
        return unit > 0;
    }
}
