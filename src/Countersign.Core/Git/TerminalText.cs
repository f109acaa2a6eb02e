using System.Globalization;
using System.Text;

namespace Countersign.Core.Git;

/// <summary>
/// Makes text safe to show in somebody's terminal: names come from the network, and an escape sequence, a carriage return
/// or a bidirectional override in one would let it rewrite what the person reads.
/// </summary>
public static class TerminalText
{
    /// <summary>One line: line feeds become spaces, everything that is not printable is dropped.</summary>
    public static string Line(string text) => Clean(text.Replace('\n', ' '));

    /// <summary>Several lines: line feeds stay, everything else that is not printable is dropped.</summary>
    public static string Lines(string text) => Clean(text);

    private static string Clean(string text)
    {
        if (text.AsSpan().IndexOfAnyExceptInRange(' ', '~') < 0)
        {
            return text;
        }

        var clean = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value == '\n' || IsPrintable(rune))
            {
                clean.Append(rune);
            }
        }

        return clean.ToString();
    }

    // Format holds the bidirectional controls and the zero-width characters; a lone surrogate arrives here as U+FFFD.
    private static bool IsPrintable(Rune rune) => Rune.GetUnicodeCategory(rune) is not
        (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned or UnicodeCategory.Surrogate);
}
