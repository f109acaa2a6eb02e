using System.Buffers;
using System.Text;

namespace Countersign.Core.Git;

/// <summary>Writes pkt-lines and the sidebands inside them (gitprotocol-pack, "Packfile Data").</summary>
public static class PktWriter
{
    /// <summary>The longest payload of one sideband packet in bytes, without the band.</summary>
    public const int MaxSideband = PktLine.MaxPayload - 1;

    /// <summary>Band 1: the answer itself.</summary>
    public const byte Data = 1;

    /// <summary>Band 2: lines for the person; the client puts <c>remote: </c> before each.</summary>
    public const byte Progress = 2;

    /// <summary>Band 3: a last word, after which the client gives up.</summary>
    public const byte Fatal = 3;

    public static void WriteFlush(this IBufferWriter<byte> writer) => writer.Write("0000"u8);

    public static void WriteDelimiter(this IBufferWriter<byte> writer) => writer.Write("0001"u8);

    /// <summary>An empty band 2 packet: shows nothing, and keeps proxies and clients from giving up.</summary>
    public static void WriteKeepalive(this IBufferWriter<byte> writer) => writer.Write("0005\u0002"u8);

    /// <summary>One packet of at most <see cref="PktLine.MaxPayload"/> bytes.</summary>
    public static void WritePacket(this IBufferWriter<byte> writer, ReadOnlySpan<byte> payload)
    {
        WriteLength(writer, payload.Length);
        writer.Write(payload);
    }

    /// <summary>One packet of UTF-8 text, as it is: the line feed, where the protocol has one, is the caller's.</summary>
    public static void WriteText(this IBufferWriter<byte> writer, string text) => writer.WritePacket(Encoding.UTF8.GetBytes(text));

    /// <summary>
    /// <c>ERR text</c>: valid in place of any packet that a client waits for outside a sideband. Text is made safe for a
    /// terminal and cut to what one packet takes; several lines are fine.
    /// </summary>
    public static void WriteError(this IBufferWriter<byte> writer, string text)
    {
        var payload = Encoding.UTF8.GetBytes("ERR " + TerminalText.Lines(text));
        writer.WritePacket(payload.AsSpan(0, Math.Min(payload.Length, PktLine.MaxPayload)));
    }

    /// <summary>Splits the payload into as many packets of the band as it takes; none for an empty one.</summary>
    public static void WriteSideband(this IBufferWriter<byte> writer, byte band, ReadOnlySpan<byte> payload)
    {
        while (!payload.IsEmpty)
        {
            var part = payload[..Math.Min(payload.Length, MaxSideband)];
            WriteLength(writer, part.Length + 1);
            writer.Write([band]);
            writer.Write(part);
            payload = payload[part.Length..];
        }
    }

    /// <summary>Lines for the person, made safe for a terminal; the last one is ended too.</summary>
    public static void WriteProgress(this IBufferWriter<byte> writer, string text)
    {
        var lines = TerminalText.Lines(text);
        writer.WriteSideband(Progress, Encoding.UTF8.GetBytes(lines.EndsWith('\n') ? lines : lines + "\n"));
    }

    private static void WriteLength(IBufferWriter<byte> writer, int payload)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(payload, PktLine.MaxPayload);
        var digits = writer.GetSpan(PktLine.LengthDigits);
        (payload + PktLine.LengthDigits).TryFormat(digits, out var written, "x4");
        writer.Advance(written);
    }
}
