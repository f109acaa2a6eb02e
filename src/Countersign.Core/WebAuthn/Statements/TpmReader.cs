using System.Buffers.Binary;

namespace Countersign.Core.WebAuthn.Statements;

/// <summary>
/// Reads the structures of TPM 2.0 Library part 2: big-endian numbers, and buffers with a 16-bit length. Reading past the end gives
/// zeros and is remembered in <see cref="Ended"/>, so that a structure is read straight and judged once.
/// </summary>
internal ref struct TpmReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> rest = bytes;
    private bool overrun;

    /// <summary>Whether everything was read, and nothing more.</summary>
    public readonly bool Ended => !overrun && rest.IsEmpty;

    public ushort UInt16() => BinaryPrimitives.ReadUInt16BigEndian(Take(2));

    public uint UInt32() => BinaryPrimitives.ReadUInt32BigEndian(Take(4));

    public byte[] Sized() => Take(UInt16()).ToArray();

    public void Skip(int count) => Take(count);

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > rest.Length)
        {
            overrun = true;
            rest = default;
            return new byte[count];
        }

        var taken = rest[..count];
        rest = rest[count..];
        return taken;
    }
}
