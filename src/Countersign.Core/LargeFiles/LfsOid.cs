using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Countersign.Core.LargeFiles;

/// <summary>The name of a large file: the SHA-256 of its content, 64 lower-case hexadecimal digits.</summary>
public sealed record LfsOid
{
    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789abcdef");

    private LfsOid(string hex) => Hex = hex;

    public string Hex { get; }

    /// <summary>Exactly the canonical spelling: an object has one name, and the name can stand in a path.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out LfsOid? oid)
    {
        oid = text is { Length: 64 } && text.AsSpan().IndexOfAnyExcept(Digits) < 0 ? new(text) : null;
        return oid is not null;
    }

    public override string ToString() => Hex;
}

/// <summary>A large file by name and size.</summary>
/// <param name="Oid">Its name.</param>
/// <param name="Size">In bytes, zero or more.</param>
public sealed record LfsObject(LfsOid Oid, long Size);
