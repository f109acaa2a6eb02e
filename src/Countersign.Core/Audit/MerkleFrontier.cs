using System.Numerics;

namespace Countersign.Core.Audit;

/// <summary>
/// The right edge of a growing tree: the roots of its perfect subtrees, largest first, one for each bit of the size. All that
/// is needed to append and to tell the root. A value: appending makes a new one, so taking back is keeping the old one.
/// </summary>
public sealed class MerkleFrontier
{
    private readonly byte[][] peaks;

    private MerkleFrontier(long size, byte[][] peaks) => (Size, this.peaks) = (size, peaks);

    public static MerkleFrontier Empty { get; } = new(0, []);

    /// <summary>The number of leaves.</summary>
    public long Size { get; }

    public MerkleFrontier Append(byte[] leafHash)
    {
        var (kept, hash) = (peaks.Length, leafHash);
        for (var size = Size; (size & 1) == 1; size >>= 1)
        {
            hash = MerkleTree.NodeHash(peaks[--kept], hash);
        }

        return new(Size + 1, [.. peaks.AsSpan(0, kept), hash]);
    }

    public byte[] Root()
    {
        if (peaks.Length == 0)
        {
            return MerkleTree.EmptyRoot;
        }

        var hash = peaks[^1];
        for (var index = peaks.Length - 2; index >= 0; index--)
        {
            hash = MerkleTree.NodeHash(peaks[index], hash);
        }

        return hash;
    }

    /// <summary>The peaks one after the other, 32 bytes each.</summary>
    public byte[] ToBytes() => [.. peaks.SelectMany(peak => peak)];

    /// <summary>The reverse of <see cref="ToBytes"/>; null when the bytes do not fit the size.</summary>
    public static MerkleFrontier? From(long size, ReadOnlySpan<byte> bytes)
    {
        if (size < 0 || bytes.Length != BitOperations.PopCount((ulong)size) * MerkleTree.HashSize)
        {
            return null;
        }

        var peaks = new byte[bytes.Length / MerkleTree.HashSize][];
        for (var index = 0; index < peaks.Length; index++)
        {
            peaks[index] = bytes.Slice(index * MerkleTree.HashSize, MerkleTree.HashSize).ToArray();
        }

        return new(size, peaks);
    }
}
