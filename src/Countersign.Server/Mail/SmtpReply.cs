using System.Text.RegularExpressions;

namespace Countersign.Server.Mail;

/// <summary>What an SMTP server answered (RFC 5321 4.2).</summary>
/// <param name="Code">200 to 599.</param>
/// <param name="Lines">The text of each line, without the code.</param>
internal sealed partial record SmtpReply(int Code, IReadOnlyList<string> Lines)
{
    public bool IsDone => Code / 100 == 2;

    /// <summary>Asking again will get the same answer.</summary>
    public bool IsFinal => Code / 100 == 5;

    /// <summary>The code, with the enhanced one (RFC 3463) where there is one. Not the text: servers quote links of mails in it, and passwords.</summary>
    public override string ToString() => Enhanced().Match(Lines[0]) is { Success: true } enhanced ? $"{Code} {enhanced.Value}" : $"{Code}";

    [GeneratedRegex(@"^[245]\.[0-9]{1,3}\.[0-9]{1,3}(?![0-9.])")]
    private static partial Regex Enhanced();
}

/// <summary>The server speaks no SMTP that we can go on with, or refuses us altogether; nothing of a mail was at fault.</summary>
internal sealed class SmtpException(string message) : Exception(message);
