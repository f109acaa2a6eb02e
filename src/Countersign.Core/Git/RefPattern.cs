using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.RegularExpressions;

namespace Countersign.Core.Git;

/// <summary>
/// A ref pattern of a policy rule: <c>main</c> (a branch), <c>release/**</c>, <c>refs/tags/*</c>. <c>*</c> stays within one
/// part of the path, <c>**</c> crosses parts; <c>/**/</c> also stands for a single <c>/</c>, as in gitignore(5). Case counts.
/// </summary>
public sealed record RefPattern
{
    private const int MaxLength = 256;
    private const string Branches = "refs/heads/";
    private static readonly SearchValues<char> NotWildcards = SearchValues.Create("?[]\\{}!");
    private readonly Regex matcher;

    private RefPattern(string pattern)
    {
        Pattern = pattern;
        matcher = new(ToExpression(pattern), RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.Singleline);
    }

    /// <summary>The full pattern, with <c>refs/</c> in front.</summary>
    public string Pattern { get; }

    /// <summary>True for <c>refs/**</c>, which asks nothing of a ref.</summary>
    public bool MatchesEverything => Pattern == "refs/**";

    /// <summary>Time grows with the length of the name, whatever the pattern (no backtracking).</summary>
    public bool Matches(RefName name) => matcher.IsMatch(name.Value);

    public static bool TryParse(string text, [NotNullWhen(true)] out RefPattern? pattern, [NotNullWhen(false)] out string? error)
    {
        error = Fault(text);
        pattern = error is null ? new(text.StartsWith("refs/", StringComparison.Ordinal) ? text : Branches + text) : null;
        return pattern is not null;
    }

    public bool Equals(RefPattern? other) => other is not null && other.Pattern == Pattern;

    public override int GetHashCode() => Pattern.GetHashCode(StringComparison.Ordinal);

    public override string ToString() => Pattern;

    private static string? Fault(string text)
    {
        if (text.Length is 0 or > MaxLength)
        {
            return $"a ref pattern has 1 to {MaxLength} characters";
        }

        // A rule on "tags/v*" that quietly meant the branch "tags/v*" would protect nothing.
        if (text.StartsWith("heads/", StringComparison.Ordinal) || text.StartsWith("tags/", StringComparison.Ordinal))
        {
            return $"write 'refs/{text}' in full; only branches can be written short";
        }

        if (text.AsSpan().IndexOfAny(NotWildcards) >= 0 || text.Contains("***", StringComparison.Ordinal))
        {
            return "only * (within one part of the name) and ** (across parts) are wildcards";
        }

        // What no ref can be called, no pattern should ask for: it would never match.
        var sample = text.Replace('*', 'x');
        return RefName.TryParse(sample.StartsWith("refs/", StringComparison.Ordinal) ? sample : Branches + sample, out _)
            ? null
            : "no ref can have such a name (see git-check-ref-format)";
    }

    private static string ToExpression(string pattern)
    {
        var expression = new StringBuilder("^");
        for (var index = 0; index < pattern.Length;)
        {
            var rest = pattern.AsSpan(index);
            var (part, length) = rest switch
            {
                ['/', '*', '*', '/', ..] => ("/(?:.*/)?", 4),
                ['*', '*', ..] => (".*", 2),
                ['*', ..] => ("[^/]*", 1),
                _ => (Regex.Escape(pattern[index].ToString()), 1),
            };
            expression.Append(part);
            index += length;
        }

        return expression.Append("\\z").ToString();
    }
}
