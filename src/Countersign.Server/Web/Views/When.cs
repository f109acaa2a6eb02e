using System.Globalization;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Html;

namespace Countersign.Server.Web.Views;

/// <summary>Times as people say them, with the exact one (UTC) in the markup and on hover.</summary>
internal static class When
{
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(5);

    public static IHtmlContent Ago(DateTimeOffset? time, TimeProvider clock, string never = "never") =>
        time is { } known ? new TimeElement(known, InWords(known, clock.GetUtcNow())) : new HtmlString(HtmlEncoder.Default.Encode(never));

    /// <summary>"last used 3 h ago" or "never used".</summary>
    public static IHtmlContent LastUsed(DateTimeOffset? time, TimeProvider clock) =>
        time is null ? new HtmlString("never used") : new HtmlContentBuilder().AppendHtml("last used ").AppendHtml(Ago(time, clock));

    public static string InWords(DateTimeOffset time, DateTimeOffset now) =>
        time > now ? $"in {Long(time - now)}" : now - time < Moment ? "just now" : $"{Long(now - time)} ago";

    /// <summary>A length of time in its largest unit: "12 s", "4 min", "3 h", "2 days".</summary>
    public static string Long(TimeSpan length) => length switch
    {
        { TotalSeconds: < 90 } => $"{Math.Max(0, (int)length.TotalSeconds)} s",
        { TotalMinutes: < 90 } => $"{(int)length.TotalMinutes} min",
        { TotalHours: < 36 } => $"{(int)length.TotalHours} h",
        _ => $"{(int)length.TotalDays} days",
    };

    private sealed record TimeElement(DateTimeOffset Time, string Words) : IHtmlContent
    {
        public void WriteTo(TextWriter writer, HtmlEncoder encoder)
        {
            var utc = Time.ToUniversalTime();
            var exact = utc.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
            var title = utc.ToString("d MMMM yyyy, HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);
            writer.Write($"<time datetime=\"{exact}\" title=\"{title}\">{encoder.Encode(Words)}</time>");
        }
    }
}
