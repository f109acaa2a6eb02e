using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Countersign.Core.LargeFiles;

/// <summary>Which locks are asked for (locking API, "List Locks"). What goes to the far side is written anew from these.</summary>
public sealed record LfsLockQuery
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public string? Path { get; init; }

    public string? Id { get; init; }

    public string? Cursor { get; init; }

    public int? Limit { get; init; }

    public string? Refspec { get; init; }

    /// <summary>Known keys, each at most once; a key without a value is as good as none.</summary>
    public static bool TryParse(string? query, [NotNullWhen(true)] out LfsLockQuery? parsed)
    {
        parsed = new();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var part in query is { Length: > 0 } ? query.Split('&') : [])
        {
            if (part.Split('=') is not [var key, var raw] || !seen.Add(key) || Decode(raw) is not { } value || parsed.With(key, value) is not { } next)
            {
                parsed = null;
                return false;
            }

            parsed = next;
        }

        return true;
    }

    /// <summary>With its question mark; "" when there is nothing to ask.</summary>
    public override string ToString()
    {
        var parts = new (string Key, string? Value)[]
        {
            ("path", Path), ("id", Id), ("cursor", Cursor), ("limit", Limit?.ToString(CultureInfo.InvariantCulture)), ("refspec", Refspec),
        };
        var query = string.Join('&', parts.Where(part => part.Value is not null).Select(part => $"{part.Key}={Uri.EscapeDataString(part.Value!)}"));
        return query.Length == 0 ? "" : $"?{query}";
    }

    private LfsLockQuery? With(string key, string value) => (key, value) switch
    {
        ("path" or "id" or "cursor" or "limit" or "refspec", "") => this,
        ("path", _) => this with { Path = value },
        ("id", _) => this with { Id = value },
        ("cursor", _) => this with { Cursor = value },
        ("refspec", _) => this with { Refspec = value },
        ("limit", _) when LfsText.TryLimit(value, out var limit) => this with { Limit = limit },
        _ => null,
    };

    /// <summary>Form encoding (a plus is a space). Null for broken escapes, bytes that are no UTF-8, and control characters.</summary>
    private static string? Decode(string raw)
    {
        var bytes = new List<byte>(raw.Length);
        for (var at = 0; at < raw.Length; at++)
        {
            if (raw[at] == '%')
            {
                if (at + 2 >= raw.Length || !byte.TryParse(raw.AsSpan(at + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
                {
                    return null;
                }

                bytes.Add(value);
                at += 2;
            }
            else if (raw[at] is > ' ' and <= '~')
            {
                bytes.Add(raw[at] == '+' ? (byte)' ' : (byte)raw[at]);
            }
            else
            {
                return null;
            }
        }

        try
        {
            return Utf8.GetString([.. bytes]) is var text && LfsText.IsPlain(text) ? text : null;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
