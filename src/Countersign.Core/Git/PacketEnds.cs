namespace Countersign.Core.Git;

/// <summary>
/// Finds where packets end in a stream that passes by, without keeping any of it: what breaks off is then cut between two
/// packets, where a last word to the client can follow.
/// </summary>
public sealed class PacketEnds
{
    private readonly byte[] digits = new byte[PktLine.LengthDigits];
    private int seen;
    private int remaining;
    private byte first;

    /// <summary>From some point on the stream was no packets: a pack without sidebands, for one. All of it passes.</summary>
    public bool IsRaw { get; private set; }

    /// <summary>The last whole packet was a flush.</summary>
    public bool EndsWithFlush { get; private set; }

    /// <summary>The band of the last whole packet that had data: 1, 2 or 3; 0 where its first byte is none of these.</summary>
    public byte Band { get; private set; }

    /// <summary>Nothing of a further packet has been seen.</summary>
    public bool IsAtEnd => IsRaw || (seen == 0 && remaining == 0);

    /// <returns>How many of the bytes lie before the end of the last packet that ends in them; all of a raw stream.</returns>
    public int Take(ReadOnlySpan<byte> bytes)
    {
        var (position, end) = (0, 0);
        while (!IsRaw && position < bytes.Length)
        {
            if (remaining > 0)
            {
                var piece = Math.Min(remaining, bytes.Length - position);
                first = first == NotSeen ? bytes[position] : first;
                (remaining, position) = (remaining - piece, position + piece);
                if (remaining == 0)
                {
                    (Band, EndsWithFlush, end) = (first is >= PktWriter.Data and <= PktWriter.Fatal ? first : (byte)0, false, position);
                }

                continue;
            }

            digits[seen++] = bytes[position++];
            if (seen == digits.Length)
            {
                seen = 0;
                IsRaw = !PktLine.TryParseLength(digits, out var length);
                (remaining, first) = (Math.Max(0, length - digits.Length), NotSeen);
                if (remaining == 0)
                {
                    (EndsWithFlush, end) = (length == 0, position);
                }
            }
            else
            {
                IsRaw = PktLine.IsNoLength(digits.AsSpan(0, seen));
            }
        }

        return IsRaw ? bytes.Length : end;
    }

    // No packet of Git's begins with a zero byte.
    private const byte NotSeen = 0;
}
