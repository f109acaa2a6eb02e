using Countersign.Core.Git;

namespace Countersign.Server.Upstreams;

/// <summary>
/// Watches receive-pack's answer for its report (gitprotocol-pack, "Report Status"), plain or in band 1. The exit status
/// does not tell: receive-pack ends with 0 even where it took no ref.
/// </summary>
internal sealed class PushReport
{
    private readonly PktFramer _outer = new();
    private readonly PktFramer _inner = new();
    private readonly byte[] _line = new byte[16]; // enough to tell the kinds of line apart
    private int _filled;
    private bool? _banded;
    private byte _band;
    private bool _unpacked;

    /// <summary>Refs that were taken.</summary>
    public int Accepted { get; private set; }

    /// <summary>Refs that were not.</summary>
    public int Rejected { get; private set; }

    /// <summary>A report came at all; clients may do without.</summary>
    public bool Seen { get; private set; }

    /// <summary>The pack and every one of the refs was taken.</summary>
    public bool AllAccepted(int refs) => Seen && _unpacked && Rejected == 0 && Accepted == refs;

    /// <summary>Whether the push went well, and the word for the audit log.</summary>
    /// <param name="refs">How many it had; none is a probe, which has nothing to report.</param>
    public (bool Succeeded, string Detail) Judge(int refs) =>
        !Seen ? (refs == 0, refs == 0 ? "ok" : "no report") // a push whose client wants no report is not known to have gone well
        : AllAccepted(refs == 0 ? Accepted : refs) ? (true, "ok")
        : (false, "rejected");

    public void Observe(ReadOnlySpan<byte> bytes)
    {
        while (_outer.TryNext(ref bytes, out var piece, out var first, out var last))
        {
            _banded ??= piece[0] is 1 or 2 or 3;
            if (_banded == false)
            {
                Line(piece, last);
                continue;
            }

            if (first)
            {
                _band = piece[0];
                piece = piece[1..];
            }

            while (_band == 1 && _inner.TryNext(ref piece, out var part, out _, out var ends))
            {
                Line(part, ends);
            }
        }
    }

    private void Line(ReadOnlySpan<byte> piece, bool last)
    {
        var taken = Math.Min(piece.Length, _line.Length - _filled);
        piece[..taken].CopyTo(_line.AsSpan(_filled));
        _filled += taken;
        if (!last)
        {
            return;
        }

        var line = (ReadOnlySpan<byte>)_line.AsSpan(0, _filled);
        _filled = 0;
        Seen |= line.StartsWith("unpack "u8);
        _unpacked |= line.StartsWith("unpack ok"u8);
        Accepted += line.StartsWith("ok "u8) ? 1 : 0;
        Rejected += line.StartsWith("ng "u8) ? 1 : 0;
    }
}
