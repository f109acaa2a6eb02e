using System.Buffers;
using System.Text;

namespace Countersign.Core.Git;

/// <summary>What a packet of a fetch in version 0 or 1 means for whoever carries it to a stateless server.</summary>
public enum NegotiationStep
{
    /// <summary>More packets follow before there is anything to ask.</summary>
    More,

    /// <summary>A round is complete: ask with <see cref="StatelessNegotiation.Body"/>, the answer is short.</summary>
    Round,

    /// <summary>The last round: the pack comes in the answer.</summary>
    Last,

    /// <summary>The client wants nothing (more).</summary>
    End,

    /// <summary>Shallow histories cannot be carried over in these versions.</summary>
    Shallow,

    /// <summary>Not the protocol, or beyond its bounds.</summary>
    Malformed,
}

/// <summary>
/// Turns a fetch as it is spoken over SSH in versions 0 and 1, where the server remembers what was said, into requests of smart
/// HTTP, where it does not (gitprotocol-pack, "Packfile Negotiation"): each one says again what is wanted and which commits
/// both sides are known to have.
/// </summary>
public sealed class StatelessNegotiation
{
    /// <summary>The longest list of wants, and the longest round, in bytes.</summary>
    public const int MaxLength = 8 * 1024 * 1024;

    /// <summary>The most commits that a host may say it has as well.</summary>
    private const int MaxCommon = 100_000;

    private const string Common = "common";
    private readonly ArrayBufferWriter<byte> _wants = new();
    private readonly ArrayBufferWriter<byte> _round = new();
    private readonly HashSet<string> _common = new(StringComparer.Ordinal);
    private bool _wanting = true;
    private bool _severalAcks;

    /// <summary>The request of the round that was just completed.</summary>
    public byte[] Body()
    {
        var body = new ArrayBufferWriter<byte>();
        body.Write(_wants.WrittenSpan);
        foreach (var id in _common)
        {
            body.WriteText($"have {id}\n");
        }

        body.Write(_round.WrittenSpan);
        _round.ResetWrittenCount();
        return body.WrittenSpan.ToArray();
    }

    /// <summary>Takes the client's next packet.</summary>
    public NegotiationStep Add(PktKind kind, ReadOnlySpan<byte> payload) => kind switch
    {
        PktKind.Flush when _wanting => EndWants(),
        PktKind.Flush => EndRound(),
        PktKind.Data when _wanting => AddWant(payload),
        PktKind.Data => AddHave(payload),
        _ => NegotiationStep.Malformed,
    };

    /// <summary>
    /// Learns from the answer to a round what both sides have, and passes on what the client has not heard before.
    /// </summary>
    /// <returns>False when this is no answer to a round.</returns>
    public bool TryPass(ReadOnlySpan<byte> answer, IBufferWriter<byte> client)
    {
        while (!answer.IsEmpty)
        {
            if (PktLine.TryRead(ref answer, out var kind, out var line) != ParseStatus.Done || kind != PktKind.Data || _common.Count > MaxCommon)
            {
                return false;
            }

            if (Acknowledged(line) is not var (id, word) || _common.Add(id) || word is not (Common or "continue"))
            {
                client.WritePacket(line);
            }
        }

        return true;
    }

    private NegotiationStep EndWants()
    {
        _wanting = false;
        _wants.WriteFlush();
        return _wants.WrittenCount == PktLine.LengthDigits ? NegotiationStep.End : NegotiationStep.More;
    }

    private NegotiationStep EndRound()
    {
        _round.WriteFlush();
        return Speakable(NegotiationStep.Round);
    }

    private NegotiationStep AddWant(ReadOnlySpan<byte> line)
    {
        if (line.StartsWith("shallow "u8) || line.StartsWith("deepen"u8))
        {
            return NegotiationStep.Shallow;
        }

        if ((!line.StartsWith("want "u8) && !line.StartsWith("filter "u8)) || _wants.WrittenCount > MaxLength)
        {
            return NegotiationStep.Malformed;
        }

        _severalAcks |= _wants.WrittenCount == 0 && line.IndexOf(" multi_ack"u8) >= 0;
        _wants.WritePacket(line);
        return NegotiationStep.More;
    }

    private NegotiationStep AddHave(ReadOnlySpan<byte> line)
    {
        var done = line.SequenceEqual("done"u8) || line.SequenceEqual("done\n"u8);
        if ((!done && !line.StartsWith("have "u8)) || _round.WrittenCount > MaxLength)
        {
            return NegotiationStep.Malformed;
        }

        _round.WritePacket(line);
        return done ? Speakable(NegotiationStep.Last) : NegotiationStep.More;
    }

    // A client that expects one acknowledgement in all would take a repeated one for something else.
    private NegotiationStep Speakable(NegotiationStep step) => _common.Count == 0 || _severalAcks ? step : NegotiationStep.Shallow;

    /// <summary><c>ACK id word</c>; null for anything else.</summary>
    private static (string Id, string Word)? Acknowledged(ReadOnlySpan<byte> line) =>
        line.Length < 256 && Encoding.ASCII.GetString(line).TrimEnd('\n').Split(' ') is ["ACK", var id, .. var words] && ObjectId.TryParse(id, out _)
            ? (id, words is [var word] ? word : "")
            : null;
}
