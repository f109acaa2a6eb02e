using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Countersign.Server.Transports.Https;

/// <summary>
/// Follows the framing of HTTP/1.1 messages on one connection (RFC 9112 6 and 7.1) as far as needed to know where chunk sizes
/// stand, and accepts those and lengths in their plainest form only. The rest of a bad head is the web server's to refuse.
/// </summary>
internal sealed class MessageFraming
{
    /// <summary>Enough for the two headers that matter; the rest of a longer line is not looked at.</summary>
    private const int MaxLine = 256;
    private const int MaxSizeDigits = 7; // 256 MiB; nobody sends more in one chunk, and the web server counts in 31 bits

    private enum Part
    {
        Head,
        Body,
        ChunkSize,
        ChunkSizeEnd,
        Chunk,
        ChunkEnd,
        ChunkEndFeed,
        LastEnd,
        LastEndFeed,
    }

    private readonly ArrayBufferWriter<byte> line = new(MaxLine);
    private Part part = Part.Head;
    private bool inHeaders;
    private bool chunked;
    private long left;
    private int digits;

    /// <summary>Takes bytes in their order; when <paramref name="broken"/>, those before the first that must not be there.</summary>
    public long Take(in ReadOnlySequence<byte> bytes, out bool broken)
    {
        var reader = new SequenceReader<byte>(bytes);
        broken = false;
        while (!reader.End && !broken)
        {
            switch (part)
            {
                case Part.Head:
                    broken = !TryTakeLine(ref reader);
                    break;
                case Part.Body or Part.Chunk:
                    var count = Math.Min(left, reader.Remaining);
                    reader.Advance(count);
                    left -= count;
                    part = left > 0 ? part : part == Part.Body ? Part.Head : Part.ChunkEnd;
                    break;
                default:
                    reader.TryPeek(out var next);
                    broken = !TryStep(next);
                    reader.Advance(broken ? 0 : 1);
                    break;
            }
        }

        return reader.Consumed;
    }

    private bool TryStep(byte next)
    {
        Part? then = (part, next) switch
        {
            (Part.ChunkSize, (byte)'\r') when digits > 0 => Part.ChunkSizeEnd,
            (Part.ChunkSize, _) when digits < MaxSizeDigits && Digit(next) is { } digit => TakeDigit(digit),
            (Part.ChunkSizeEnd, (byte)'\n') => left > 0 ? Part.Chunk : Part.LastEnd,
            (Part.ChunkEnd, (byte)'\r') => Part.ChunkEndFeed,
            (Part.ChunkEndFeed, (byte)'\n') => BeginChunk(),
            (Part.LastEnd, (byte)'\r') => Part.LastEndFeed,
            (Part.LastEndFeed, (byte)'\n') => Part.Head,
            _ => null,
        };
        part = then ?? part;
        return then is not null;
    }

    private static int? Digit(byte character) =>
        char.IsAsciiDigit((char)character) ? character - '0' : char.IsAsciiHexDigit((char)character) ? (character | 0x20) - 'a' + 10 : null;

    private Part TakeDigit(int digit)
    {
        (left, digits) = ((left * 16) + digit, digits + 1);
        return Part.ChunkSize;
    }

    private Part BeginChunk()
    {
        (left, digits) = (0, 0);
        return Part.ChunkSize;
    }

    private bool TryTakeLine(ref SequenceReader<byte> reader)
    {
        var ended = reader.TryReadTo(out ReadOnlySequence<byte> piece, (byte)'\n');
        if (!ended)
        {
            piece = reader.UnreadSequence;
            reader.AdvanceToEnd();
        }

        foreach (var segment in piece)
        {
            line.Write(segment.Span[..Math.Min(segment.Length, MaxLine - line.WrittenCount)]);
        }

        if (!ended)
        {
            return true;
        }

        var plain = TryEndLine(line.WrittenSpan.TrimEnd((byte)'\r'));
        line.ResetWrittenCount();
        return plain;
    }

    private bool TryEndLine(ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty)
        {
            part = !inHeaders ? Part.Head : chunked ? BeginChunk() : left > 0 ? Part.Body : Part.Head;
            (inHeaders, chunked) = (false, false);
            return true;
        }

        if (!inHeaders)
        {
            (inHeaders, chunked, left) = (true, false, 0); // the request line
            return true;
        }

        var colon = text.IndexOf((byte)':');
        var value = text[(colon + 1)..].Trim(" \t"u8);
        if (colon > 0 && Ascii.EqualsIgnoreCase(text[..colon], "transfer-encoding"u8))
        {
            chunked |= value.Length >= 7 && Ascii.EqualsIgnoreCase(value[^7..], "chunked"u8);
        }
        else if (colon > 0 && Ascii.EqualsIgnoreCase(text[..colon], "content-length"u8))
        {
            // Digits and nothing else (RFC 9110 8.6): the web server would also take "+5".
            return value.IndexOfAnyExceptInRange((byte)'0', (byte)'9') < 0
                && Utf8Parser.TryParse(value, out left, out var read) && read == value.Length;
        }

        return true;
    }
}
