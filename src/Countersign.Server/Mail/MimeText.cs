using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Countersign.Server.Web.Views;

namespace Countersign.Server.Mail;

/// <summary>
/// Writes a mail as it goes over the wire: ASCII lines of at most 78 characters that end in CRLF. Bodies are base64 (RFC 2045), so
/// nothing in them can be a header, a boundary or a dot that ends the mail; headers hold nothing but what is encoded here.
/// </summary>
internal static class MimeText
{
    private const int EncodedChunk = 45; // 60 letters of base64: an encoded word has at most 75 (RFC 2047 2)

    public static byte[] Write(Mailbox from, Mailbox to, OutgoingMail mail, DateTimeOffset at)
    {
        var boundary = $"=_{Random()}"; // "=_" never comes out of base64 (RFC 2045 6.7)
        var text = new StringBuilder();
        Line(text, $"From: {AddressOf(from)}");
        Line(text, $"To: {to.Address}");
        Line(text, $"Subject: {Phrase(VisibleText.Of(mail.Subject))}");
        Line(text, $"Date: {at.UtcDateTime.ToString("ddd, dd MMM yyyy HH:mm:ss", CultureInfo.InvariantCulture)} +0000");
        Line(text, $"Message-ID: <{Random()}@{from.Domain}>");
        Line(text, "Auto-Submitted: auto-generated"); // RFC 3834: nobody's robot need answer
        Line(text, "X-Auto-Response-Suppress: All");
        Line(text, "MIME-Version: 1.0");
        Line(text, $"Content-Type: multipart/alternative; boundary=\"{boundary}\"");
        Line(text, "");
        Part(text, boundary, "text/plain", mail.Text);
        Part(text, boundary, "text/html", mail.Html);
        Line(text, $"--{boundary}--");
        return Encoding.ASCII.GetBytes(text.ToString());
    }

    private static void Part(StringBuilder text, string boundary, string type, string body)
    {
        Line(text, $"--{boundary}");
        Line(text, $"Content-Type: {type}; charset=utf-8");
        Line(text, "Content-Transfer-Encoding: base64");
        Line(text, "");
        var canonical = body.ReplaceLineEndings("\r\n"); // text lines end so before they are encoded (RFC 2045 6.8)
        foreach (var chunk in Encoding.UTF8.GetBytes(canonical).Chunk(57))
        {
            Line(text, Convert.ToBase64String(chunk));
        }
    }

    private static string AddressOf(Mailbox from) => from.Name.Length == 0 ? from.Address : $"{Phrase(VisibleText.Of(from.Name), always: true)} <{from.Address}>";

    /// <summary>As it is where that is plain and short, else in encoded words, each of whole characters (RFC 2047 5).</summary>
    private static string Phrase(string text, bool always = false)
    {
        if (!always && text.Length <= 60 && text.All(letter => letter is >= ' ' and <= '~') && !text.Contains("=?", StringComparison.Ordinal))
        {
            return text;
        }

        var words = new List<string>();
        var bytes = new List<byte>();
        foreach (var rune in text.EnumerateRunes())
        {
            var next = Encoding.UTF8.GetBytes(rune.ToString());
            if (bytes.Count + next.Length > EncodedChunk)
            {
                words.Add(Word(bytes));
                bytes.Clear();
            }

            bytes.AddRange(next);
        }

        words.Add(Word(bytes));
        return string.Join("\r\n ", words);
    }

    private static string Word(List<byte> bytes) => $"=?utf-8?B?{Convert.ToBase64String([.. bytes])}?=";

    private static string Random() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    private static void Line(StringBuilder text, string line) => text.Append(line).Append("\r\n");
}
