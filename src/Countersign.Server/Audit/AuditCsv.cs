using System.Globalization;
using System.Text;
using Countersign.Core.Audit;

namespace Countersign.Server.Audit;

/// <summary>
/// A record as one CSV row (RFC 4180). A spreadsheet takes a cell that begins with <c>= + - @</c>, tab or carriage return for
/// a formula, so it gets an apostrophe in front; control and formatting characters are shown as <c>\u</c> escapes, so a row
/// is one line and reads in the order in which it is written.
/// </summary>
internal static class AuditCsv
{
    public static string Row(AuditRecord record)
    {
        var cells = record.Event is { } @event
            ? new[] { Number(record.Seq), TimeOf(@event), @event.Type, @event.Actor, FactsOf(record.Body.Span) }
            : [Number(record.Seq), "", "(unreadable)", "", Convert.ToBase64String(record.Body.Span)];
        return string.Join(',', cells.Select(Cell)) + "\r\n";
    }

    public static string Cell(string text)
    {
        var cell = Visible(text);
        if (text is ['=' or '+' or '-' or '@' or '\t' or '\r' or '\n' or '\uff1d' or '\uff0b' or '\uff0d' or '\uff20', ..])
        {
            cell = "'" + cell;
        }

        return cell.AsSpan().ContainsAny(',', '"', '\'') ? $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : cell;
    }

    private static string Visible(string text)
    {
        var visible = new StringBuilder(text.Length);
        foreach (var unit in text)
        {
            var hidden = CharUnicodeInfo.GetUnicodeCategory(unit) is UnicodeCategory.Control or UnicodeCategory.Format
                or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
            visible.Append(hidden ? $"\\u{(int)unit:x4}" : unit);
        }

        return visible.ToString();
    }

    private static string Number(long seq) => seq.ToString(CultureInfo.InvariantCulture);

    private static string TimeOf(AuditEvent @event) => @event.Time.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    /// <summary>The facts as they stand in the body: the JSON object before the last brace.</summary>
    private static string FactsOf(ReadOnlySpan<byte> body)
        => Encoding.ASCII.GetString(body[(body.IndexOf(",\"facts\":{"u8) + ",\"facts\":"u8.Length)..^1]);
}
