using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Countersign.Server.Api;

/// <summary>Says where a request body is wrong, without the type names that the serializer's own messages carry.</summary>
internal static partial class BodyErrors
{
    public static ProblemHttpResult Explain(BadHttpRequestException exception) => exception switch
    {
        { InnerException: JsonException json } => Explain(json),
        { StatusCode: not StatusCodes.Status400BadRequest and var status } => Explain(status),
        _ when Parameter().Match(exception.Message) is { Success: true } match =>
            Problems.BadRequest("malformed_request", $"The parameter \"{match.Groups["name"].Value}\" is missing or is not what this address takes."),
        _ => Explain(StatusCodes.Status400BadRequest),
    };

    public static ProblemHttpResult Explain(int status) => status switch
    {
        StatusCodes.Status400BadRequest => Problems.BadRequest("malformed_request", "The request is missing its body, or is not what this address takes."),
        StatusCodes.Status408RequestTimeout => Problems.Of(status, "too_slow", "The request body came too slowly."),
        StatusCodes.Status413PayloadTooLarge => Problems.Of(status, "body_too_large", "The request body is larger than this address takes."),
        StatusCodes.Status415UnsupportedMediaType => Problems.Of(status, "not_json", "Send the body as JSON with the header Content-Type: application/json."),
        _ => Problems.Of(status, "refused", "The request was refused."),
    };

    private static ProblemHttpResult Explain(JsonException exception)
    {
        var path = exception.Path is null or "$" ? "" : $" at {Printable(exception.Path)}";
        var where = exception is { LineNumber: { } line, BytePositionInLine: { } position }
            ? $"line {line + 1}, position {position + 1}{path}"
            : path.Length > 0 ? path[1..] : "the request body";
        var (code, what) = Classify(exception);
        return Problems.Of(
            StatusCodes.Status400BadRequest, code, $"{where}: {what}",
            ("line", exception.LineNumber + 1), ("position", exception.BytePositionInLine + 1));
    }

    private static (string Code, string What) Classify(JsonException exception)
    {
        var message = exception.Message;
        if (message.Contains("could not be mapped to any .NET member", StringComparison.Ordinal))
        {
            return ("unknown_field", $"there is no field {FirstQuoted(message)} here.");
        }

        if (message.Contains("uplicate property", StringComparison.Ordinal))
        {
            return ("duplicate_field", $"the field {FirstQuoted(message)} is there twice.");
        }

        if (message.Contains("missing required properties", StringComparison.Ordinal))
        {
            var names = Quoted().Matches(message[message.IndexOf("including", StringComparison.Ordinal)..]).Select(match => Printable(match.Value));
            return ("missing_field", $"missing: {string.Join(", ", names)}.");
        }

        return exception.InnerException is JsonException || exception.GetType() != typeof(JsonException)
            ? ("malformed_json", "this is not JSON.")
            : message.Contains("could not be converted", StringComparison.Ordinal) || message.Contains("null", StringComparison.Ordinal)
                ? ("wrong_type", "the value has the wrong type.")
                : ("malformed_json", "this is not JSON.");
    }

    private static string FirstQuoted(string message) => Quoted().Match(message) is { Success: true } match ? Printable(match.Value) : "of that name";

    /// <summary>A field's name comes from the caller: bounded and printable before it is repeated.</summary>
    private static string Printable(string text) =>
        string.Concat(text.Take(80).Select(character => character is >= ' ' and <= '~' ? character : '?'));

    [GeneratedRegex("'[^']*'")]
    private static partial Regex Quoted();

    [GeneratedRegex("""(?:parameter|bind parameter) "(?:[\w<>?.\[\]]+ )?(?<name>\w+)" """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Parameter();
}
