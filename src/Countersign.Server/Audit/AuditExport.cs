using System.Text;
using System.Text.Json;
using Countersign.Core.Audit;

namespace Countersign.Server.Audit;

internal enum AuditFormat
{
    /// <summary>Each body as it was hashed, a line each; then one line <c>{"checkpoint": note}</c>.</summary>
    Jsonl,

    /// <summary>RFC 4180, with a header row, safe to open in a spreadsheet.</summary>
    Csv,
}

/// <summary>Writes the log for people and programs elsewhere; streams.</summary>
internal static class AuditExport
{
    /// <summary>
    /// Writes what the checkpoint covers, so that an auditor can compute its root from the lines (docs/audit.md). With
    /// <paramref name="since"/> the beginning is left out and the root can no longer be computed from the file alone.
    /// </summary>
    public static async Task WriteAsync(
        AuditReader reader, string checkpoint, TextWriter writer, AuditFormat format, DateTimeOffset? since, CancellationToken cancellation)
    {
        var records = reader.ReadAsync(since, limit: null, newestFirst: false, SizeOf(checkpoint), cancellation);
        if (format == AuditFormat.Csv)
        {
            await writer.WriteAsync("seq,time,type,actor,facts\r\n");
        }

        await foreach (var record in records)
        {
            await writer.WriteAsync(format == AuditFormat.Csv ? AuditCsv.Row(record) : Line(record) + "\n");
        }

        if (format == AuditFormat.Jsonl)
        {
            await writer.WriteAsync($"{{\"checkpoint\":\"{JsonEncodedText.Encode(checkpoint)}\"}}\n");
        }

        await writer.FlushAsync(cancellation);
    }

    /// <summary>The body verbatim. A tampered one could hold anything, line ends too, so it is wrapped.</summary>
    private static string Line(AuditRecord record) => record.Event is not null
        ? Encoding.ASCII.GetString(record.Body.Span)
        : $"{{\"unreadable\":{record.Seq},\"base64\":\"{Convert.ToBase64String(record.Body.Span)}\"}}";

    private static long SizeOf(string note)
        => Checkpoint.TryParse(note[..(note.LastIndexOf("\n\n", StringComparison.Ordinal) + 1)], out var checkpoint)
            ? checkpoint.Size
            : throw new FormatException("The checkpoint is not one.");
}
