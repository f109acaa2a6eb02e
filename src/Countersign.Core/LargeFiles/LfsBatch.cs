using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Countersign.Core.Git;
using Countersign.Core.WebAuthn;

namespace Countersign.Core.LargeFiles;

/// <summary>
/// The document of <c>POST objects/batch</c>: which large files a client wants to fetch or to bring. Unknown members are dropped;
/// what goes to the far side is <see cref="Write"/>, never the client's bytes.
/// </summary>
/// <param name="IsUpload">True for <c>upload</c>, false for <c>download</c>.</param>
/// <param name="Objects">Each once, in the client's order.</param>
/// <param name="Ref">The ref that the client names; a claim, see <see cref="LfsWork.For"/>.</param>
public sealed record LfsBatch(bool IsUpload, IReadOnlyList<LfsObject> Objects, string? Ref)
{
    /// <summary>Clients send a hundred at a time.</summary>
    public const int MaxObjects = 1000;

    /// <summary>Of the whole document.</summary>
    public const int MaxBytes = 512 * 1024;

    /// <param name="utf8">The whole body.</param>
    /// <param name="batch">The document; null when it is none.</param>
    /// <param name="error">One line.</param>
    public static bool TryParse(ReadOnlyMemory<byte> utf8, [NotNullWhen(true)] out LfsBatch? batch, out string error)
    {
        batch = null;
        using var document = StrictJson.Parse(utf8, MaxBytes);
        if (document is null)
        {
            error = "the document is not one JSON object with distinct members, or is too large";
            return false;
        }

        var root = document.RootElement;
        var upload = root.Text("operation") switch { "upload" => true, "download" => false, _ => (bool?)null };
        error = upload is null ? "the operation must be download or upload"
            : !TakesBasic(root) ? "only the basic transfer is served"
            : !HashesWithSha256(root) ? "only SHA-256 is served"
            : !root.TryRef(out _) ? "the ref is malformed"
            : "";
        if (error.Length > 0 || ReadObjects(root, out error) is not { } objects)
        {
            return false;
        }

        root.TryRef(out var name);
        batch = new(upload!.Value, objects, name);
        return true;
    }

    /// <summary>What a person is asked about. Its subject is a digest of all names and sizes, so that no other batch joins its request; what the grant covers afterwards is decision 0012.</summary>
    public LfsWork Work() => new(IsUpload ? LfsVerb.Upload : LfsVerb.Download, Objects.Count, TotalBytes(), DigestOf(Objects))
    {
        For = IsUpload && Ref is not null && RefName.TryParse(Ref, out var name) ? name : null,
    };

    /// <summary>The document for the far side.</summary>
    public byte[] Write() => LfsDocument.Write(json =>
    {
        json.WriteString("operation", IsUpload ? "upload" : "download");
        json.WriteStartArray("transfers");
        json.WriteStringValue("basic");
        json.WriteEndArray();
        json.WriteRef(Ref);
        json.WriteStartArray("objects");
        foreach (var each in Objects)
        {
            json.WriteStartObject();
            json.WriteString("oid", each.Oid.Hex);
            json.WriteNumber("size", each.Size);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteString("hash_algo", "sha256");
    });

    private long TotalBytes() => Objects.Aggregate(0L, (sum, each) => each.Size > long.MaxValue - sum ? long.MaxValue : sum + each.Size);

    private static string DigestOf(IReadOnlyList<LfsObject> objects)
    {
        var lines = objects.OrderBy(each => each.Oid.Hex, StringComparer.Ordinal).Select(each => $"{each.Oid.Hex} {each.Size}\n");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(string.Concat(lines))));
    }

    private static bool TakesBasic(JsonElement root) =>
        !root.TryGetProperty("transfers", out var transfers)
        || transfers.ValueKind == JsonValueKind.Null
        || (transfers.ValueKind == JsonValueKind.Array
            && (transfers.GetArrayLength() == 0 || transfers.EnumerateArray().Any(each => each.ValueKind == JsonValueKind.String && StrictJson.TextOf(each) == "basic")));

    private static bool HashesWithSha256(JsonElement root) =>
        !root.TryGetProperty("hash_algo", out var name) || name.ValueKind == JsonValueKind.Null || (name.ValueKind == JsonValueKind.String && StrictJson.TextOf(name) == "sha256");

    private static List<LfsObject>? ReadObjects(JsonElement root, out string error)
    {
        if (!root.TryGetProperty("objects", out var list) || list.ValueKind != JsonValueKind.Array)
        {
            error = "there must be a list of objects";
            return null;
        }

        if (list.GetArrayLength() is 0 or > MaxObjects)
        {
            error = $"there must be 1 to {MaxObjects} objects";
            return null;
        }

        var sizes = new Dictionary<string, long>(StringComparer.Ordinal);
        var objects = new List<LfsObject>(list.GetArrayLength());
        foreach (var each in list.EnumerateArray())
        {
            if (each.ValueKind != JsonValueKind.Object
                || !LfsOid.TryParse(each.Text("oid"), out var oid)
                || !each.TryGetProperty("size", out var number) || number.ValueKind != JsonValueKind.Number || !number.TryGetInt64(out var size) || size < 0)
            {
                error = "an object must have an oid of 64 lower-case hexadecimal digits and a size";
                return null;
            }

            if (sizes.TryAdd(oid.Hex, size))
            {
                objects.Add(new(oid, size));
            }
            else if (sizes[oid.Hex] != size)
            {
                error = "one object cannot have two sizes";
                return null;
            }
        }

        error = "";
        return objects;
    }
}
