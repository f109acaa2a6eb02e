using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Countersign.Server.People;

/// <summary>A name that a person gives to a thing of theirs: one printable line. Control and formatting characters could dress one thing up as another.</summary>
internal static class Label
{
    public static bool TryParse(string? typed, int maxLength, [NotNullWhen(true)] out string? label)
    {
        label = typed?.Trim();
        if (label is null || label.Length == 0 || label.Length > maxLength || label.EnumerateRunes().Any(IsUnprintable))
        {
            label = null;
        }

        return label is not null;
    }

    // A lone surrogate enumerates as U+FFFD.
    private static bool IsUnprintable(Rune rune) =>
        rune == Rune.ReplacementChar
        || Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format
            or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
            or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned;
}
