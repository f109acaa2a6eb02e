using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Countersign.Core.Audit;

/// <summary>
/// The canonical form of a record: one JSON object (RFC 8259) without white space, members in the order seq, time, type,
/// actor, facts (names in ordinal order), time in UTC with milliseconds. Printable ASCII stands for itself, quotation mark
/// and backslash behind a backslash, and every other UTF-16 unit is <c>\u</c> with four lower-case digits; half a surrogate
/// pair becomes <c>\ufffd</c>. So a record is one line of ASCII whatever the input was, and equal events have equal bytes
/// in every version of the framework (whose own encoders follow the Unicode tables of their version).
/// </summary>
public static class AuditBody
{
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    /// <summary>Throws <see cref="ArgumentException"/> for a fact whose name is not printable ASCII: names are ours, never input.</summary>
    public static byte[] Encode(long seq, AuditEvent @event)
    {
        var text = new StringBuilder(384);
        text.Append("{\"seq\":").Append(seq).Append(",\"time\":\"");
        text.Append(@event.Time.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture));
        text.Append("\",\"type\":");
        AppendString(text, @event.Type);
        text.Append(",\"actor\":");
        AppendString(text, @event.Actor);
        text.Append(",\"facts\":{");
        AppendFacts(text, @event.Facts);
        text.Append("}}");
        return Encoding.ASCII.GetBytes(text.ToString());
    }

    /// <returns>False for anything that <see cref="Encode"/> would not have written, byte for byte.</returns>
    public static bool TryDecode(ReadOnlySpan<byte> body, out long seq, [NotNullWhen(true)] out AuditEvent? @event)
    {
        (seq, @event) = (-1, null);
        try
        {
            var reader = new Utf8JsonReader(body);
            var read = Read(ref reader, out var number);
            var canonical = read is not null && Encode(number, read).AsSpan().SequenceEqual(body);
            (seq, @event) = canonical ? (number, read) : (-1, null);
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException or ArgumentException)
        {
            // Not ours; the caller names the record.
        }

        return @event is not null;
    }

    private static AuditEvent? Read(ref Utf8JsonReader reader, out long seq)
    {
        seq = -1;
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject || !Enter(ref reader, "seq"u8) || !reader.TryGetInt64(out seq)
            || !Enter(ref reader, "time"u8)
            || !DateTimeOffset.TryParseExact(reader.GetString(), TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            || !Enter(ref reader, "type"u8) || reader.GetString() is not { } type
            || !Enter(ref reader, "actor"u8) || reader.GetString() is not { } actor
            || !Enter(ref reader, "facts"u8) || reader.TokenType != JsonTokenType.StartObject)
        {
            return null;
        }

        var facts = new SortedDictionary<string, string>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            if (!reader.Read() || reader.GetString() is not { } value || !facts.TryAdd(name, value))
            {
                return null;
            }
        }

        return new(type, time, actor) { Facts = facts };
    }

    private static bool Enter(ref Utf8JsonReader reader, ReadOnlySpan<byte> name)
        => reader.Read() && reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals(name) && reader.Read();

    private static void AppendFacts(StringBuilder text, IReadOnlyDictionary<string, string> facts)
    {
        var first = true;
        foreach (var (name, value) in facts.OrderBy(fact => fact.Key, StringComparer.Ordinal))
        {
            if (name.Length == 0 || name.AsSpan().ContainsAnyExceptInRange(' ', '~'))
            {
                throw new ArgumentException("The name of an audit fact is printable ASCII.", nameof(facts));
            }

            text.Append(first ? "" : ",");
            first = false;
            AppendString(text, name);
            text.Append(':');
            AppendString(text, value ?? "");
        }
    }

    private static void AppendString(StringBuilder text, string value)
    {
        text.Append('"');
        for (var index = 0; index < value.Length; index++)
        {
            var unit = value[index];
            if (unit is '"' or '\\')
            {
                text.Append('\\').Append(unit);
            }
            else if (unit is >= ' ' and <= '~')
            {
                text.Append(unit);
            }
            else if (index + 1 < value.Length && char.IsSurrogatePair(unit, value[index + 1]))
            {
                AppendEscape(AppendEscape(text, unit), value[++index]);
            }
            else
            {
                AppendEscape(text, char.IsSurrogate(unit) ? '\ufffd' : unit);
            }
        }

        text.Append('"');
    }

    private static StringBuilder AppendEscape(StringBuilder text, char unit)
        => text.Append("\\u").Append(((int)unit).ToString("x4", CultureInfo.InvariantCulture));
}
