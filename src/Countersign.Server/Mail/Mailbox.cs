using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net.Mail;

namespace Countersign.Server.Mail;

/// <summary>
/// An address that can stand in a header and in a command as it is: printable ASCII, one @, nothing that could end a line or a
/// path. Domains go over the wire in their ASCII form (RFC 5890); a local part beyond ASCII needs SMTPUTF8, which is not spoken.
/// </summary>
internal sealed record Mailbox
{
    private const int Longest = 254; // RFC 5321 4.5.3.1.3, less the brackets

    private Mailbox(string address, string name) => (Address, Name) = (address, name);

    public string Address { get; }

    /// <summary>Who it is, as people read it; "" where nothing is said.</summary>
    public string Name { get; }

    public string Domain => Address[(Address.LastIndexOf('@') + 1)..];

    /// <summary><c>a...@example.org</c>: enough for its owner, too little for whoever reads along.</summary>
    public static string Mask(string address) => address.LastIndexOf('@') is > 0 and var at ? $"{address[0]}...{address[at..]}" : "...";

    public static bool TryParse(string? text, [NotNullWhen(true)] out Mailbox? mailbox)
    {
        mailbox = null;
        if (text is null || text.Any(char.IsControl) || !MailAddress.TryCreate(text.Trim(), out var parsed) || parsed.DisplayName.Any(letter => "@,;<>\"".Contains(letter, StringComparison.Ordinal)))
        {
            return false;
        }

        var (local, domain) = (parsed.User, DomainOf(parsed.Host));
        if (domain is null || local.Length is 0 or > 64 || !local.All(IsAtom))
        {
            return false;
        }

        var address = $"{local}@{domain}";
        mailbox = address.Length <= Longest ? new(address, parsed.DisplayName) : null;
        return mailbox is not null;
    }

    /// <summary>The address alone, as people have one; no name before it.</summary>
    public static bool TryParseAddress(string? text, [NotNullWhen(true)] out Mailbox? mailbox)
    {
        mailbox = null;
        return text?.Trim() is { } bare && !bare.Any(letter => letter is '<' or '"' || char.IsWhiteSpace(letter)) && TryParse(bare, out mailbox);
    }

    /// <summary>RFC 5322 3.2.3 with the dot. Quoted local parts are allowed by the standard and used by nobody but attackers.</summary>
    private static bool IsAtom(char letter) => char.IsAsciiLetterOrDigit(letter) || "!#$%&'*+-/=?^_`{|}~.".Contains(letter, StringComparison.Ordinal);

    private static string? DomainOf(string host)
    {
        try
        {
            var ascii = new IdnMapping { UseStd3AsciiRules = true }.GetAscii(host);
            return Uri.CheckHostName(ascii) is UriHostNameType.Dns ? ascii : null;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
