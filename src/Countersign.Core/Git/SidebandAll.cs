using System.Buffers;

namespace Countersign.Core.Git;

/// <summary>
/// <c>sideband-all</c> (gitprotocol-v2, "fetch") on behalf of a server that does not know it: the argument is taken out of the
/// request, and the answer's packets are put into band 1 up to the pack, which has sidebands of its own.
/// </summary>
public static class SidebandAll
{
    /// <summary>Copies the packets of a version 2 fetch request without the argument; what is no whole packet yet stays in <paramref name="body"/>.</summary>
    /// <returns>False when this is not in packets.</returns>
    public static bool TryStrip(ref ReadOnlySequence<byte> body, IBufferWriter<byte> writer)
    {
        while (!body.IsEmpty)
        {
            var start = body;
            switch (PktLine.TryRead(ref body, out var kind, out var line))
            {
                case ParseStatus.Done when kind == PktKind.Data && IsArgument(line):
                    break;
                case ParseStatus.Done:
                    foreach (var part in start.Slice(0, start.Length - body.Length))
                    {
                        writer.Write(part.Span);
                    }

                    break;
                case ParseStatus.NeedMore:
                    return true;
                default:
                    return false;
            }
        }

        return true;
    }

    private static bool IsArgument(in ReadOnlySequence<byte> line)
    {
        var word = "sideband-all\n"u8;
        Span<byte> bytes = stackalloc byte[word.Length];
        if (line.Length != word.Length && line.Length != word.Length - 1)
        {
            return false;
        }

        line.CopyTo(bytes);
        return bytes[..(int)line.Length].SequenceEqual(word[..(int)line.Length]);
    }
}

/// <summary>The answer's side of <see cref="SidebandAll"/>.</summary>
public sealed class SidebandAllAnswer
{
    private bool inPack;

    /// <param name="packets">Whole packets, as the server sent them.</param>
    /// <param name="writer">Takes them as the client expects them.</param>
    /// <returns>False when these are no packets, or one is too long to be put into a band.</returns>
    public bool TryWrite(ReadOnlySpan<byte> packets, IBufferWriter<byte> writer)
    {
        while (!packets.IsEmpty && !inPack)
        {
            var start = packets;
            if (PktLine.TryRead(ref packets, out var kind, out var line) != ParseStatus.Done || line.Length > PktWriter.MaxSideband)
            {
                return false;
            }

            // An error is looked for before any band is taken off, and so is what is no data.
            if (kind != PktKind.Data || line.StartsWith("ERR "u8))
            {
                writer.Write(start[..^packets.Length]);
                continue;
            }

            writer.WriteSideband(PktWriter.Data, line);
            inPack = line.SequenceEqual("packfile\n"u8) || line.SequenceEqual("packfile"u8);
        }

        writer.Write(packets);
        return true;
    }
}
