using System.Text.Encodings.Web;
using System.Text.Json;

namespace Countersign.Core.DuoPush;

/// <summary>The parameters of one call of Duo's Auth API, in the two forms in which they are sent and signed.</summary>
public static class DuoParameters
{
    // Fewer escapes than the default, so that the text is what Duo's own clients sign. It is never part of a page.
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Sorted by name and percent-encoded as RFC 3986 says: upper-case hexadecimal, <c>~</c> as it is, a space as <c>%20</c>.</summary>
    public static string Encode(IEnumerable<KeyValuePair<string, string>> parameters) =>
        string.Join('&', Sorted(parameters).Select(parameter => $"{Uri.EscapeDataString(parameter.Key)}={Uri.EscapeDataString(parameter.Value)}"));

    /// <summary>One JSON object of texts in UTF-8, its members sorted by name, without a space.</summary>
    public static byte[] ToJson(IEnumerable<KeyValuePair<string, string>> parameters) => JsonSerializer.SerializeToUtf8Bytes(Sorted(parameters), Plain);

    private static SortedDictionary<string, string> Sorted(IEnumerable<KeyValuePair<string, string>> parameters) =>
        new(parameters.ToDictionary(StringComparer.Ordinal), StringComparer.Ordinal);
}
