using System.Text;
using System.Text.Json;

namespace Countersign.Core.WebAuthn;

/// <summary>What the two response forms of section 5.1 share.</summary>
internal static class CredentialJson
{
    /// <returns>Null where the JSON is not of the form; otherwise a document that holds <paramref name="response"/>.</returns>
    public static JsonDocument? Parse(string json, out byte[] id, out JsonElement response)
    {
        id = [];
        response = default;
        if (json.Length > WebAuthnLimits.ResponseJson || StrictJson.Parse(Encoding.UTF8.GetBytes(json), WebAuthnLimits.ResponseJson) is not { } document)
        {
            return null;
        }

        var root = document.RootElement;
        if (root.HasOnly("id", "rawId", "type", "response", "authenticatorAttachment", "clientExtensionResults")
            && root.Text("type") == "public-key"
            && root.Text("id") is { Length: > 0 } text && root.Text("rawId") == text
            && StrictBase64Url.TryDecode(text, WebAuthnLimits.CredentialId, out id)
            && root.TryGetProperty("response", out response) && response.ValueKind == JsonValueKind.Object
            && (!root.TryGetProperty("authenticatorAttachment", out var attachment) || attachment.ValueKind is JsonValueKind.String or JsonValueKind.Null)
            && (!root.TryGetProperty("clientExtensionResults", out var extensions) || extensions.ValueKind is JsonValueKind.Object or JsonValueKind.Null))
        {
            return document;
        }

        document.Dispose();
        return null;
    }
}
