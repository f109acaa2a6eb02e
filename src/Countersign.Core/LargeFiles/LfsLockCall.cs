using System.Text.Json;
using Countersign.Core.WebAuthn;

namespace Countersign.Core.LargeFiles;

/// <summary>The four calls of the locking API, with the documents of those that have one.</summary>
public abstract record LfsLockCall
{
    /// <summary>Of a whole document.</summary>
    public const int MaxBytes = 32 * 1024;

    private LfsLockCall()
    {
    }

    public abstract LfsWork Work { get; }

    public sealed record List(LfsLockQuery Query) : LfsLockCall
    {
        public override LfsWork Work => LfsWork.Of(LfsVerb.ListLocks, "");

        public override byte[]? Write() => null;
    }

    /// <summary>A client looks before a push which locks are its own. It shows what listing shows, so it reads.</summary>
    public sealed record Verify(string? Cursor, int? Limit, string? Ref) : LfsLockCall
    {
        public override LfsWork Work => LfsWork.Of(LfsVerb.ListLocks, "");

        public override byte[] Write() => LfsDocument.Write(json =>
        {
            if (Cursor is not null)
            {
                json.WriteString("cursor", Cursor);
            }

            if (Limit is { } limit)
            {
                json.WriteNumber("limit", limit);
            }

            json.WriteRef(Ref);
        });
    }

    public sealed record Create(string Path, string? Ref) : LfsLockCall
    {
        public override LfsWork Work => LfsWork.Of(LfsVerb.Lock, Path);

        public override byte[] Write() => LfsDocument.Write(json =>
        {
            json.WriteString("path", Path);
            json.WriteRef(Ref);
        });
    }

    public sealed record Unlock(string Id, bool Force, string? Ref) : LfsLockCall
    {
        public override LfsWork Work => LfsWork.Of(LfsVerb.Unlock, Id) with { Forced = Force };

        public override byte[] Write() => LfsDocument.Write(json =>
        {
            json.WriteBoolean("force", Force);
            json.WriteRef(Ref);
        });
    }

    /// <summary>The document for the far side; null where the call has none.</summary>
    public abstract byte[]? Write();

    /// <summary>Null for a document that is not the call's; unknown members are dropped.</summary>
    /// <param name="call">The head.</param>
    /// <param name="utf8">The whole body.</param>
    public static LfsLockCall? Parse(LfsCall call, ReadOnlyMemory<byte> utf8)
    {
        if (call is { Endpoint: LfsEndpoint.ListLocks, Query: { } query })
        {
            return new List(query);
        }

        using var document = StrictJson.Parse(utf8, MaxBytes);
        if (document is null || !document.RootElement.TryRef(out var name))
        {
            return null;
        }

        var root = document.RootElement;
        return call switch
        {
            { Endpoint: LfsEndpoint.VerifyLocks } when root.TryText("cursor", out var cursor) && TryLimit(root, out var limit) => new Verify(cursor, limit, name),
            { Endpoint: LfsEndpoint.CreateLock } when root.TryText("path", out var path) && IsFile(path) => new Create(path!, name),
            { Endpoint: LfsEndpoint.Unlock, LockId: { } id } when TryForce(root, out var force) => new Unlock(id, force, name),
            _ => null,
        };
    }

    /// <summary>Below the top of the work tree, in one spelling, so that one file cannot have two locks.</summary>
    private static bool IsFile(string? path) =>
        path is { Length: > 0 } && !path.Contains('\\', StringComparison.Ordinal) && path.Split('/').All(part => part is not ("" or "." or ".."));

    private static bool TryLimit(JsonElement root, out int? limit)
    {
        limit = null;
        if (!root.TryGetProperty("limit", out var member) || member.ValueKind == JsonValueKind.Null)
        {
            return true;
        }

        if (member.ValueKind != JsonValueKind.Number || !member.TryGetInt32(out var number) || number < 0)
        {
            return false;
        }

        limit = number == 0 ? null : number; // Git LFS writes 0 for "as many as you like"
        return true;
    }

    private static bool TryForce(JsonElement root, out bool force)
    {
        force = root.TryGetProperty("force", out var member) && member.ValueKind == JsonValueKind.True;
        return member.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null or JsonValueKind.True or JsonValueKind.False;
    }
}
