using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Countersign.Core.Git;

/// <summary>A Git object id: 40 (SHA-1) or 64 (SHA-256) lower-case hexadecimal digits.</summary>
public sealed record ObjectId
{
    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789abcdef");

    private ObjectId(string hex) => Hex = hex;

    public string Hex { get; }

    public bool IsZero => Hex.AsSpan().IndexOfAnyExcept('0') < 0;

    /// <summary>Seven digits, as Git shows them to people.</summary>
    public string Abbreviated => Hex[..7];

    public static bool TryParse(string text, [NotNullWhen(true)] out ObjectId? id)
    {
        var valid = text.Length is 40 or 64 && text.AsSpan().IndexOfAnyExcept(Digits) < 0;
        id = valid ? new(text) : null;
        return valid;
    }

    public override string ToString() => Hex;
}
