namespace Countersign.Server.Cli;

/// <summary>Times as people say them: "3 min ago", "in 89 days".</summary>
internal static class RelativeTime
{
    public static string Of(DateTimeOffset? time, DateTimeOffset now)
    {
        if (time is not { } at)
        {
            return "never";
        }

        var span = (at - now).Duration();
        var words = span switch
        {
            { TotalSeconds: < 1 } => "",
            { TotalSeconds: < 90 } => $"{(int)span.TotalSeconds} s",
            { TotalMinutes: < 90 } => $"{(int)span.TotalMinutes} min",
            { TotalHours: < 36 } => $"{Math.Round(span.TotalHours)} h",
            _ => $"{Math.Round(span.TotalDays)} days",
        };
        return words.Length == 0 ? "now" : at > now ? $"in {words}" : $"{words} ago";
    }
}
