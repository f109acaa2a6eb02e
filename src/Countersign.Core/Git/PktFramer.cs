namespace Countersign.Core.Git;

/// <summary>Cuts a byte stream that passes by into packets, without keeping any of it.</summary>
public sealed class PktFramer
{
    private readonly byte[] _digits = new byte[4];
    private int _digitsSeen;
    private int _remaining;
    private bool _atStart;

    /// <summary>True once the stream was no pkt-lines; nothing more is told then.</summary>
    public bool Broken { get; private set; }

    /// <summary>Takes the next piece of a data packet's payload off the front; false when the bytes are used up.</summary>
    /// <param name="bytes">What is left to look at.</param>
    /// <param name="piece">A part of one packet's payload.</param>
    /// <param name="first">The piece begins a packet.</param>
    /// <param name="last">The piece ends it.</param>
    public bool TryNext(ref ReadOnlySpan<byte> bytes, out ReadOnlySpan<byte> piece, out bool first, out bool last)
    {
        while (!Broken && !bytes.IsEmpty)
        {
            if (_digitsSeen < _digits.Length)
            {
                _digits[_digitsSeen++] = bytes[0];
                bytes = bytes[1..];
                if (_digitsSeen == _digits.Length)
                {
                    Begin();
                }

                continue;
            }

            piece = bytes[..Math.Min(bytes.Length, _remaining)];
            bytes = bytes[piece.Length..];
            _remaining -= piece.Length;
            (first, last) = (_atStart, _remaining == 0);
            _atStart = false;
            _digitsSeen = last ? 0 : _digitsSeen;
            return true;
        }

        piece = default;
        (first, last) = (false, false);
        return false;
    }

    private void Begin()
    {
        Broken = !PktLine.TryParseLength(_digits, out var length);
        _remaining = length - _digits.Length;
        _atStart = true;
        _digitsSeen = _remaining > 0 ? _digitsSeen : 0; // flush, delimiter and empty packets have no payload
    }
}
