using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Countersign.Server.Tests.Policies;

/// <summary>As much of JSON Schema 2020-12 as policy.schema.json uses; an unknown keyword throws, so that none is overlooked.</summary>
internal static class TinyJsonSchema
{
    /// <returns>The first thing that is wrong; null when the value is valid.</returns>
    public static string? Fault(JsonNode root, JsonNode? value) => Check(root, root, value);

    private static string? Check(JsonNode root, JsonNode schema, JsonNode? value)
    {
        if (schema.GetValueKind() is JsonValueKind.False or JsonValueKind.True)
        {
            return schema.GetValue<bool>() ? null : "not allowed here";
        }

        foreach (var (keyword, argument) in schema.AsObject())
        {
            if (Check(root, schema, value, keyword, argument!) is { } fault)
            {
                return $"{keyword}: {fault}";
            }
        }

        return null;
    }

    private static string? Check(JsonNode root, JsonNode schema, JsonNode? value, string keyword, JsonNode argument)
    {
        var (map, list, text) = (value as JsonObject, value as JsonArray, value?.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : null);
        return keyword switch
        {
            "$schema" or "title" or "description" or "$defs" or "then" => null,
            "$ref" => Check(root, argument.GetValue<string>().Split('/')[1..].Aggregate(root, (node, part) => node[part]!), value),
            "type" => Is(argument.GetValue<string>(), value) ? null : "another type",
            "const" => JsonNode.DeepEquals(argument, value) ? null : "another value",
            "enum" => argument.AsArray().Any(each => JsonNode.DeepEquals(each, value)) ? null : "another word",
            "pattern" => text is null || Regex.IsMatch(text, argument.GetValue<string>()) ? null : "does not match",
            "minLength" => text is null || text.Length >= argument.GetValue<int>() ? null : "too short",
            "maxLength" => text is null || text.Length <= argument.GetValue<int>() ? null : "too long",
            "minItems" => list is null || list.Count >= argument.GetValue<int>() ? null : "too few",
            "maxItems" => list is null || list.Count <= argument.GetValue<int>() ? null : "too many",
            "uniqueItems" => list is null || list.Select(item => item?.ToJsonString()).Distinct().Count() == list.Count ? null : "repeated",
            "items" => list?.Select(item => Check(root, argument, item)).FirstOrDefault(fault => fault is not null),
            "required" => argument.AsArray().Select(key => key!.GetValue<string>()).FirstOrDefault(key => map is not null && !map.ContainsKey(key)),
            "properties" => map?.Select(entry => argument[entry.Key] is { } each ? Check(root, each, entry.Value) : null).FirstOrDefault(fault => fault is not null),
            "additionalProperties" => map?.Where(entry => schema["properties"]?[entry.Key] is null).Select(entry => Check(root, argument, entry.Value)).FirstOrDefault(fault => fault is not null),
            "propertyNames" => map?.Select(entry => Check(root, argument, JsonValue.Create(entry.Key))).FirstOrDefault(fault => fault is not null),
            "allOf" => argument.AsArray().Select(each => Check(root, each!, value)).FirstOrDefault(fault => fault is not null),
            "if" => Check(root, argument, value) is null ? Check(root, schema["then"]!, value) : null,
            _ => throw new NotSupportedException(keyword),
        };
    }

    private static bool Is(string type, JsonNode? value) => (type, value?.GetValueKind()) switch
    {
        ("object", JsonValueKind.Object) or ("array", JsonValueKind.Array) or ("string", JsonValueKind.String) => true,
        ("boolean", JsonValueKind.True or JsonValueKind.False) => true,
        _ => false,
    };
}
