using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Unicode;

namespace Countersign.Server.Factors.DuoPush;

/// <summary>What Duo answered, read strictly: whatever is not exactly as documented is <see cref="Wrong"/>, and approves nothing.</summary>
internal abstract record DuoAnswer
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, CommentHandling = JsonCommentHandling.Disallow, MaxDepth = 16 };

    private DuoAnswer()
    {
    }

    /// <summary>Status 200 and <c>stat: OK</c>.</summary>
    public sealed record Ok(JsonElement Response) : DuoAnswer;

    /// <summary><c>stat: FAIL</c>, which says why.</summary>
    public sealed record Refused(int Status, int Code, string Message) : DuoAnswer;

    /// <summary>Too many requests.</summary>
    public sealed record Busy(RetryConditionHeaderValue? RetryAfter) : DuoAnswer;

    /// <summary>Not reached, no answer in time, or an error of the server's own.</summary>
    public sealed record Nothing(string Why) : DuoAnswer;

    /// <summary>An answer that Duo does not give.</summary>
    public sealed record Wrong(string Why) : DuoAnswer;

    public static DuoAnswer Read(int status, RetryConditionHeaderValue? retryAfter, ReadOnlyMemory<byte> body) => status switch
    {
        429 => new Busy(retryAfter),
        >= 500 => new Nothing($"status {status}"),
        200 => Parse(body) is { } document && Text(document, "stat") == "OK"
            && document.TryGetProperty("response", out var response) && response.ValueKind == JsonValueKind.Object
                ? new Ok(response)
                : new Wrong("not of the documented form"),
        >= 400 => Parse(body) is { } failure && Text(failure, "stat") == "FAIL" && failure.TryGetProperty("code", out var code) && code.ValueKind == JsonValueKind.Number && code.TryGetInt32(out var number)
            ? new Refused(status, number, DuoText.Line(Text(failure, "message")))
            : new Wrong($"status {status}"),
        _ => new Wrong($"status {status}"),
    };

    /// <summary>The member as text; null where it is missing or of another type.</summary>
    public static string? Text(JsonElement element, string name)
    {
        try
        {
            return element.TryGetProperty(name, out var member) && member.ValueKind == JsonValueKind.String ? member.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null; // a lone surrogate
        }
    }

    private static JsonElement? Parse(ReadOnlyMemory<byte> body)
    {
        try
        {
            if (!Utf8.IsValid(body.Span))
            {
                return null;
            }

            using var document = JsonDocument.Parse(body, Strict);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
