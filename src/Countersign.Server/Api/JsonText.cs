using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Countersign.Server.Api;

/// <summary>JSON that passes through: ceremony options out, the browser's answers in.</summary>
internal static class JsonText
{
    /// <summary>Options as the ceremony made them, ready for parseRequestOptionsFromJSON or parseCreationOptionsFromJSON.</summary>
    public static JsonElement Element(string json) => JsonElement.Parse(json);

    public static ContentHttpResult Content(string json) => TypedResults.Content(json, "application/json");

    /// <summary>The browser's answer as text; null where none came. Only an object can be one.</summary>
    public static string? Of(JsonElement? element) => element is { ValueKind: JsonValueKind.Object } value ? value.GetRawText() : null;
}
