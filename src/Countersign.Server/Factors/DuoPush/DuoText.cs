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

    /// <summary>
    /// The number in a text such as "Please enter verification code 376 into Duo Mobile..."; null where the text does not call it a
    /// verification code, or has any other digit: whoever types it counts as somebody who has seen our terminal.
    /// </summary>
    /// <param name="line">Of <see cref="Line"/>; one that was cut may have had more digits.</param>
    public static string? CodeIn(string line) => line.Length <= Longest && VerificationCode().Match(line) is { Success: true } match ? match.Groups["code"].Value : null;

    [GeneratedRegex(@"\A\P{N}*\bverification code:? (?<code>[0-9]{3,6})(?![\p{L}\p{N}_-])\P{N}*\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex VerificationCode();
}
