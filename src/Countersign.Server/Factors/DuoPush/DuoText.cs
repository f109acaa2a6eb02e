using System.Text.RegularExpressions;
using Countersign.Core.Git;

namespace Countersign.Server.Factors.DuoPush;

/// <summary>Texts that come from Duo: they are shown in terminals, so they are one short printable line each.</summary>
internal static partial class DuoText
{
    private const int Longest = 120;

    public static string Line(string? text)
    {
        var line = TerminalText.Line(text is { Length: > 4 * Longest } ? text[..(4 * Longest)] : text ?? "").Trim();
        return line.Length <= Longest ? line : line[..Longest] + "...";
    }

    /// <summary>The number in a text such as "Please enter verification code 376 into Duo Mobile..."; null where there is none, or more than one.</summary>
    public static string? CodeIn(string text) =>
        Codes().Matches(text) is [var only] ? only.Value : null;

    [GeneratedRegex("(?<![0-9])[0-9]{3,6}(?![0-9])", RegexOptions.CultureInvariant)]
    private static partial Regex Codes();
}
