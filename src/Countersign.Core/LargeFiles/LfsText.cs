using System.Globalization;
using System.Text.Json;
using Countersign.Core.WebAuthn;

namespace Countersign.Core.LargeFiles;

/// <summary>The small parts that the documents of Git LFS share.</summary>
public static class LfsText
{
    private const int MaxText = 4096;

    /// <summary>Short, and without control characters: names of files, refs and locks.</summary>
    public static bool IsPlain(string text) => text.Length <= MaxText && !text.Any(char.IsControl);

    public static bool TryLimit(string text, out int limit) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out limit) && limit > 0;

    /// <summary>Reads an optional text; false when it is there and is none, or is not plain.</summary>
    public static bool TryText(this JsonElement element, string name, out string? text)
    {
        text = null;
        if (!element.TryGetProperty(name, out var member) || member.ValueKind == JsonValueKind.Null)
        {
            return true;
        }

        text = member.ValueKind == JsonValueKind.String ? StrictJson.TextOf(member) : null;
        return text is not null && IsPlain(text);
    }

    /// <summary>The ref that the client says it works on: <c>{"ref": {"name": "refs/heads/main"}}</c>. It is a claim.</summary>
    public static bool TryRef(this JsonElement element, out string? name)
    {
        name = null;
        return !element.TryGetProperty("ref", out var member)
            || member.ValueKind == JsonValueKind.Null
            || (member.ValueKind == JsonValueKind.Object && member.TryText("name", out name));
    }

    public static void WriteRef(this Utf8JsonWriter json, string? name)
    {
        if (name is not null)
        {
            json.WriteStartObject("ref");
            json.WriteString("name", name);
            json.WriteEndObject();
        }
    }
}
