using System.Buffers.Text;

namespace Countersign.Core.WebAuthn;

/// <summary>
/// Base64url as section 3 defines it: no padding, no white space, and one text only for each value (RFC 4648 section 3.5). The
/// framework's decoder takes padding, white space and stray bits, by which two ids could be one credential.
/// </summary>
internal static class StrictBase64Url
{
    public static bool TryDecode(string? text, int longest, out byte[] bytes)
    {
        bytes = [];
        if (text is null || text.Length > Base64Url.GetEncodedLength(longest) || text.Length % 4 == 1 || !text.All(IsInAlphabet))
        {
            return false;
        }

        var decoded = Base64Url.DecodeFromChars(text);
        if (decoded.Length > longest || Base64Url.EncodeToString(decoded) != text)
        {
            return false;
        }

        bytes = decoded;
        return true;
    }

    private static bool IsInAlphabet(char c) => char.IsAsciiLetterOrDigit(c) || c is '-' or '_';
}
