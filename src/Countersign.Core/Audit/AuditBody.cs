using System.Buffers;
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
    private static readonly SearchValues<char> Plain =
        SearchValues.Create([.. Enumerable.Range(' ', '~' - ' ' + 1).Select(unit => (char)unit).Where(unit => unit is not ('"' or '\\'))]);

    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    /// <summary>Throws <see cref="ArgumentException"/> for a fact whose name is not printable ASCII: names are ours, never input.</summary>
    public static byte[] Encode(long seq, AuditEvent @event) => Prepare(@event).At(seq);

    /// <summary>All of it but the place in the log. Throws as <see cref="Encode"/>.</summary>
    public static PreparedRecord Prepare(AuditEvent @event)
    {
        var text = new ArrayBufferWriter<byte>(512);
        text.Write(",\"time\":\""u8);
        @event.Time.UtcDateTime.TryFormat(text.GetSpan(32), out var written, TimeFormat, CultureInfo.InvariantCulture);
        text.Advance(written);
        text.Write("\",\"type\":"u8);
        WriteString(text, @event.Type);
        text.Write(",\"actor\":"u8);
        WriteString(text, @event.Actor);
        text.Write(",\"facts\":{"u8);
        WriteFacts(text, @event.Facts);
        text.Write("}}"u8);
        return new(text.WrittenMemory);
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

    private static void WriteFacts(ArrayBufferWriter<byte> text, IReadOnlyDictionary<string, string> facts)
    {
        var ordered = facts.ToArray();
        Array.Sort(ordered, static (left, right) => string.CompareOrdinal(left.Key, right.Key));
        var first = true;
        foreach (var (name, value) in ordered)
        {
            if (name.Length == 0 || name.AsSpan().ContainsAnyExceptInRange(' ', '~'))
            {
                throw new ArgumentException("The name of an audit fact is printable ASCII.", nameof(facts));
            }

            text.Write(first ? ""u8 : ","u8);
            first = false;
            WriteString(text, name);
            text.Write(":"u8);
            WriteString(text, value ?? "");
        }
    }

    private static void WriteString(ArrayBufferWriter<byte> text, ReadOnlySpan<char> value)
    {
        text.Write("\""u8);
        while (!value.IsEmpty)
        {
            var special = value.IndexOfAnyExcept(Plain);
            var plain = value[..(special < 0 ? value.Length : special)];
            text.Advance(Encoding.ASCII.GetBytes(plain, text.GetSpan(plain.Length)));
            value = value[plain.Length..];
            value = value.IsEmpty ? value : value[WriteEscaped(text, value)..];
        }

        text.Write("\""u8);
    }

    /// <returns>How many UTF-16 units were written.</returns>
    private static int WriteEscaped(ArrayBufferWriter<byte> text, ReadOnlySpan<char> value)
    {
        var unit = value[0];
        if (unit is '"' or '\\')
        {
            text.Write([(byte)'\\', (byte)unit]);
            return 1;
        }

        if (value.Length > 1 && char.IsSurrogatePair(unit, value[1]))
        {
            WriteUnit(text, unit);
            WriteUnit(text, value[1]);
            return 2;
        }

        WriteUnit(text, char.IsSurrogate(unit) ? '\ufffd' : unit);
        return 1;
    }

    private static void WriteUnit(ArrayBufferWriter<byte> text, char unit)
    {
        text.Write("\\u"u8);
        ((int)unit).TryFormat(text.GetSpan(4), out var written, "x4", CultureInfo.InvariantCulture);
        text.Advance(written);
    }
}
