using System.Text.Json;
using System.Text.Unicode;

namespace Countersign.Core.WebAuthn;

/// <summary>
/// JSON that means one thing to every reader: valid UTF-8, one object, no member twice (also not by escapes), nothing behind it.
/// </summary>
internal static class StrictJson
{
    private static readonly JsonDocumentOptions Options = new()
    {
        AllowDuplicateProperties = false,
        AllowTrailingCommas = false,
        CommentHandling = JsonCommentHandling.Disallow,
        MaxDepth = WebAuthnLimits.JsonDepth,
    };

    /// <returns>Null for anything but such an object.</returns>
    public static JsonDocument? Parse(ReadOnlyMemory<byte> utf8, int longest)
    {
        if (utf8.Length > longest || !Utf8.IsValid(utf8.Span))
        {
            return null;
        }

        try
        {
            var document = JsonDocument.Parse(utf8, Options);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                return document;
            }

            document.Dispose();
            return null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null; // InvalidOperationException: a lone surrogate in a member's name
        }
    }

    /// <summary>The member as text; null where it is missing, of another type, or holds a lone surrogate.</summary>
    public static string? Text(this JsonElement element, string name) =>
        element.TryGetProperty(name, out var member) && member.ValueKind == JsonValueKind.String ? TextOf(member) : null;

    public static string? TextOf(JsonElement member)
    {
        try
        {
            return member.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    public static bool HasOnly(this JsonElement element, params ReadOnlySpan<string> names)
    {
        foreach (var member in element.EnumerateObject())
        {
            if (!names.Contains(member.Name))
            {
                return false;
            }
        }

        return true;
    }
}
