using System.Globalization;
using System.Text.Json;
using Countersign.Core.LargeFiles;
using Countersign.Server.Enforcement;

namespace Countersign.Server.Upstreams.SmartHttp;

/// <summary>Reads what a Git host says about large files. It is another machine's word: bounded, one meaning, and written anew for the client.</summary>
internal static class LfsHostAnswer
{
    private const int MaxBytes = 4 << 20;
    private const int MaxHeaders = 32;

    private static readonly string[] LockLists = ["locks", "ours", "theirs"];
    private static readonly JsonDocumentOptions Options = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    public static async Task<byte[]> ReadAsync(HttpContent content, CancellationToken cancellation)
    {
        await using var stream = await content.ReadAsStreamAsync(cancellation);
        using var kept = new MemoryStream();
        var buffer = new byte[16 * 1024];
        while (await stream.ReadAsync(buffer, cancellation) is var read and > 0)
        {
            if (kept.Length + read > MaxBytes)
            {
                throw new InvalidDataException("The answer is too large.");
            }

            kept.Write(buffer, 0, read);
        }

        return kept.ToArray();
    }

    /// <summary>The same document, spelled by us; null when it is no JSON object.</summary>
    public static byte[]? Rebuild(byte[] json)
    {
        using var document = Parse(json);
        return document is null ? null : LfsDocument.Write(writer =>
        {
            foreach (var member in document.RootElement.EnumerateObject())
            {
                member.WriteTo(writer);
            }
        });
    }

    /// <summary>Every lock that an answer of the locking API tells of, with all that a question about it needs.</summary>
    public static IReadOnlyList<SeenLock> LocksIn(byte[] json)
    {
        using var document = Parse(json);
        return document is null ? [] : [.. Lists(document.RootElement).Select(LockOf).OfType<SeenLock>()];

        static IEnumerable<JsonElement> Lists(JsonElement root) =>
            LockLists
                .SelectMany(IEnumerable<JsonElement> (name) => root.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array ? list.EnumerateArray().ToList() : [])
                .Concat(root.TryGetProperty("lock", out var one) ? [one] : []);
    }

    private static SeenLock? LockOf(JsonElement said) =>
        said.ValueKind == JsonValueKind.Object && Text(said, "id") is { Length: > 0 and <= LfsCall.MaxLockId } id && Text(said, "path") is { } path && LfsText.IsPlain(path)
            ? new(id, path, said.TryGetProperty("owner", out var owner) && owner.ValueKind == JsonValueKind.Object && Text(owner, "name") is { } name && LfsText.IsPlain(name) ? name : null)
            : null;

    /// <summary>One entry for each object of the batch, whatever the host said of others; null when it is no answer to a batch.</summary>
    public static IReadOnlyList<LfsEntry>? Read(byte[] json, LfsBatch batch, DateTimeOffset now)
    {
        using var document = Parse(json);
        if (document is null
            || !document.RootElement.TryGetProperty("objects", out var list) || list.ValueKind != JsonValueKind.Array
            || (document.RootElement.TryGetProperty("transfer", out var transfer) && (transfer.ValueKind != JsonValueKind.String || transfer.GetString() is not ("basic" or ""))))
        {
            return null;
        }

        var said = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var each in list.EnumerateArray().Where(each => each.ValueKind == JsonValueKind.Object))
        {
            if (Text(each, "oid") is { } oid && !said.TryAdd(oid, each))
            {
                return null; // two answers for one object
            }
        }

        return [.. batch.Objects.Select(asked => said.TryGetValue(asked.Oid.Hex, out var element) ? Entry(asked, element, batch.IsUpload, now) : Wrong(asked, "The Git host said nothing of this object."))];
    }

    private static LfsEntry Entry(LfsObject asked, JsonElement said, bool upload, DateTimeOffset now)
    {
        if (said.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.Object)
        {
            var code = error.TryGetProperty("code", out var number) && number.ValueKind == JsonValueKind.Number && number.TryGetInt32(out var value) ? value : 422;
            return new(asked) { Error = (code, Text(error, "message") ?? "The Git host refused this object.") };
        }

        if (!said.TryGetProperty("actions", out var actions) || actions.ValueKind != JsonValueKind.Object)
        {
            return upload ? new(asked) : Wrong(asked, "The Git host gave no address for this object.");
        }

        var transfers = new List<LfsTransfer>();
        DateTimeOffset? expires = null;
        foreach (var (name, action) in upload ? [("upload", LfsAction.Upload), ("verify", LfsAction.Verify)] : new[] { ("download", LfsAction.Download) })
        {
            if (!actions.TryGetProperty(name, out var element))
            {
                continue;
            }

            if (PlaceOf(element) is not { } place)
            {
                return Wrong(asked, "The Git host gave an address that is none.");
            }

            transfers.Add(new(action, asked, place));
            expires = Earlier(expires, ExpiryOf(element, now));
        }

        return upload || transfers.Count > 0 ? new(asked) { Actions = transfers, Expires = expires } : Wrong(asked, "The Git host gave no address for this object.");
    }

    private static LfsPlace? PlaceOf(JsonElement action)
    {
        if (action.ValueKind != JsonValueKind.Object || LfsPlace.AddressOf(Text(action, "href")) is not { } address)
        {
            return null;
        }

        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        if (action.TryGetProperty("header", out var given) && given.ValueKind == JsonValueKind.Object)
        {
            foreach (var header in given.EnumerateObject())
            {
                if (headers.Count == MaxHeaders || header.Value.ValueKind != JsonValueKind.String || !headers.TryAdd(header.Name, header.Value.GetString()!))
                {
                    return null;
                }
            }
        }

        return new(address, headers);
    }

    private static DateTimeOffset? ExpiryOf(JsonElement action, DateTimeOffset now) =>
        action.TryGetProperty("expires_in", out var seconds) && seconds.ValueKind == JsonValueKind.Number && seconds.TryGetInt32(out var left) && left != 0 ? now.AddSeconds(left)
        : DateTimeOffset.TryParse(Text(action, "expires_at"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) && at.Year > 1 ? at
        : null;

    private static DateTimeOffset? Earlier(DateTimeOffset? left, DateTimeOffset? right) => left is null || right < left ? right ?? left : left;

    private static LfsEntry Wrong(LfsObject asked, string why) => new(asked) { Error = (422, why) };

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var member) && member.ValueKind == JsonValueKind.String ? member.GetString() : null;

    private static JsonDocument? Parse(byte[] json)
    {
        try
        {
            var document = JsonDocument.Parse(json, Options);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                return document;
            }

            document.Dispose();
            return null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
