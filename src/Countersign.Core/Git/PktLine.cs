using System.Buffers;
using System.Buffers.Text;

namespace Countersign.Core.Git;

/// <summary>
/// Reads pkt-lines: four hexadecimal digits that count themselves, then the payload (gitprotocol-common, "pkt-line Format").
/// </summary>
public static class PktLine
{
    /// <summary>The longest packet in bytes, its length included.</summary>
    public const int MaxLength = 65520;

    /// <summary>The longest payload in bytes.</summary>
    public const int MaxPayload = MaxLength - LengthDigits;

    internal const int LengthDigits = 4;

    /// <summary>Takes one packet from the front of <paramref name="buffer"/>; on NeedMore and Malformed nothing is taken.</summary>
    public static ParseStatus TryRead(ref ReadOnlySequence<byte> buffer, out PktKind kind, out ReadOnlySequence<byte> payload)
    {
        (kind, payload) = (PktKind.Data, default);
        Span<byte> digits = stackalloc byte[LengthDigits];
        var present = (int)Math.Min(buffer.Length, LengthDigits);
        buffer.Slice(0, present).CopyTo(digits);
        if (present < LengthDigits)
        {
            // Garbage is told as soon as it shows, so that nobody waits for the rest of a length that cannot be one.
            return digits[..present].IndexOfAnyExcept(HexDigits) < 0 ? ParseStatus.NeedMore : ParseStatus.Malformed;
        }

        if (!TryParseLength(digits, out var length))
        {
            return ParseStatus.Malformed;
        }

        if (length < LengthDigits)
        {
            kind = length switch { 0 => PktKind.Flush, 1 => PktKind.Delimiter, _ => PktKind.ResponseEnd };
            buffer = buffer.Slice(LengthDigits);
            return ParseStatus.Done;
        }

        if (buffer.Length < length)
        {
            return ParseStatus.NeedMore;
        }

        payload = buffer.Slice(LengthDigits, length - LengthDigits);
        buffer = buffer.Slice(length);
        return ParseStatus.Done;
    }

    /// <summary>As <see cref="TryRead(ref ReadOnlySequence{byte}, out PktKind, out ReadOnlySequence{byte})"/>, over one piece of memory.</summary>
    public static ParseStatus TryRead(ref ReadOnlySpan<byte> buffer, out PktKind kind, out ReadOnlySpan<byte> payload)
    {
        kind = PktKind.Data;
        payload = default;
        if (buffer.Length < LengthDigits)
        {
            return buffer.IndexOfAnyExcept(HexDigits) < 0 ? ParseStatus.NeedMore : ParseStatus.Malformed;
        }

        if (!TryParseLength(buffer[..LengthDigits], out var length))
        {
            return ParseStatus.Malformed;
        }

        if (length < LengthDigits)
        {
            kind = length switch { 0 => PktKind.Flush, 1 => PktKind.Delimiter, _ => PktKind.ResponseEnd };
            buffer = buffer[LengthDigits..];
            return ParseStatus.Done;
        }

        if (buffer.Length < length)
        {
            return ParseStatus.NeedMore;
        }

        payload = buffer[LengthDigits..length];
        buffer = buffer[length..];
        return ParseStatus.Done;
    }

    /// <summary>Four hexadecimal digits that are a length Git knows: 0, 1, 2, or 4 to <see cref="MaxLength"/>.</summary>
    public static bool TryParseLength(ReadOnlySpan<byte> digits, out int length) =>
        Utf8Parser.TryParse(digits, out length, out var consumed, 'x')
        && consumed == LengthDigits
        && length is (>= 0 and <= 2) or (>= LengthDigits and <= MaxLength);

    /// <summary>True when these first digits of a packet are no beginning of a length.</summary>
    internal static bool IsNoLength(ReadOnlySpan<byte> digits) => digits.IndexOfAnyExcept(HexDigits) >= 0;

    private static readonly SearchValues<byte> HexDigits = SearchValues.Create("0123456789abcdefABCDEF"u8);
}
