using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Countersign.Core.Git;

/// <summary>A full ref name that passes the rules of git-check-ref-format(1).</summary>
public sealed record RefName
{
    private static readonly SearchValues<char> Forbidden = SearchValues.Create(" ~^:?*[\\\u007f");

    private RefName(string value) => Value = value;

    public string Value { get; }

    /// <summary>The name as people say it: <c>main</c> for <c>refs/heads/main</c>, <c>v1</c> for <c>refs/tags/v1</c>.</summary>
    public string DisplayName =>
        Value.StartsWith("refs/heads/", StringComparison.Ordinal) ? Value["refs/heads/".Length..]
        : Value.StartsWith("refs/tags/", StringComparison.Ordinal) ? Value["refs/tags/".Length..]
        : Value;

    public bool IsBranch => Value.StartsWith("refs/heads/", StringComparison.Ordinal);

    public static bool TryParse(string text, [NotNullWhen(true)] out RefName? name)
    {
        name = IsValid(text) ? new(text) : null;
        return name is not null;
    }

    public override string ToString() => Value;

    private static bool IsValid(string text) =>
        text.Length is > 5 and <= 1024
        && text.StartsWith("refs/", StringComparison.Ordinal)
        && !text.EndsWith('.')
        && !text.Contains("..", StringComparison.Ordinal)
        && !text.Contains("@{", StringComparison.Ordinal)
        && text.AsSpan().IndexOfAny(Forbidden) < 0
        && text.AsSpan().IndexOfAnyInRange('\0', '\u001f') < 0
        && text.Split('/').All(part => part.Length > 0 && part[0] != '.' && !part.EndsWith(".lock", StringComparison.Ordinal));
}
