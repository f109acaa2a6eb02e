using System.Buffers;

namespace Countersign.Core.Git;

/// <summary>A version 2 answer to <c>info/refs</c>: capabilities and no ref (gitprotocol-v2, "Capability Advertisement").</summary>
public static class CapabilityAdvertisement
{
    /// <summary>The longest that is read, in bytes; real ones have a few hundred.</summary>
    public const int MaxLength = 64 * 1024;

    /// <summary>
    /// Writes the same advertisement with <c>sideband-all</c> among the features of <c>fetch</c>, so that clients can be told
    /// something at any moment of a fetch.
    /// </summary>
    /// <param name="body">The whole answer.</param>
    /// <param name="writer">Takes the answer; undefined when false.</param>
    /// <returns>False when this is no version 2 advertisement: it may hold refs then.</returns>
    public static bool TryOfferSidebandAll(ReadOnlySpan<byte> body, IBufferWriter<byte> writer)
    {
        var rest = body;
        if (!TryNext(ref rest, out var line))
        {
            return false;
        }

        // Some servers announce the service in version 2 as well; clients take it either way.
        if (line.StartsWith("# service="u8))
        {
            writer.WritePacket(line);
            writer.WriteFlush();
            if (PktLine.TryRead(ref rest, out var kind, out _) != ParseStatus.Done || kind != PktKind.Flush || !TryNext(ref rest, out line))
            {
                return false;
            }
        }

        if (!Chomp(line).SequenceEqual("version 2"u8))
        {
            return false;
        }

        writer.WritePacket(line);
        while (TryNext(ref rest, out line))
        {
            Write(line, writer);
        }

        writer.WriteFlush();
        return rest.SequenceEqual("0000"u8);
    }

    private static void Write(ReadOnlySpan<byte> line, IBufferWriter<byte> writer)
    {
        var capability = Chomp(line);
        var value = capability.StartsWith("fetch="u8) ? capability["fetch="u8.Length..] : default;
        if (!(capability.SequenceEqual("fetch"u8) || capability.StartsWith("fetch="u8)) || Has(value, "sideband-all"u8))
        {
            writer.WritePacket(line);
            return;
        }

        writer.WritePacket([.. "fetch="u8, .. value, .. value.IsEmpty ? ""u8 : " "u8, .. "sideband-all\n"u8]);
    }

    private static bool Has(ReadOnlySpan<byte> list, ReadOnlySpan<byte> word)
    {
        foreach (var range in list.Split((byte)' '))
        {
            if (list[range].SequenceEqual(word))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Takes a data packet; anything else stays where it is.</summary>
    private static bool TryNext(ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> line)
    {
        var before = rest;
        if (PktLine.TryRead(ref rest, out var kind, out line) == ParseStatus.Done && kind == PktKind.Data)
        {
            return true;
        }

        rest = before;
        return false;
    }

    private static ReadOnlySpan<byte> Chomp(ReadOnlySpan<byte> line) => line is [.., (byte)'\n'] ? line[..^1] : line;
}
