using System.Buffers;
using System.Buffers.Text;

namespace Countersign.Core.WebAuthn;

/// <summary>
/// Base64url as section 3 defines it: no padding, no white space, and one text only for each value (RFC 4648 section 3.5). The
/// framework's decoder takes padding and white space, by which two texts could be one credential.
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

        // The overload with a status, because the others throw at stray bits.
        var decoded = new byte[Base64Url.GetMaxDecodedLength(text.Length)];
        if (Base64Url.DecodeFromChars(text, decoded, out _, out var written) != OperationStatus.Done || written > longest)
        {
            return false;
        }

        bytes = decoded[..written];
        return true;
    }

    private static bool IsInAlphabet(char c) => char.IsAsciiLetterOrDigit(c) || c is '-' or '_';
}
