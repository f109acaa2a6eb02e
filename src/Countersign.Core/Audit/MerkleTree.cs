using System.Security.Cryptography;

namespace Countersign.Core.Audit;

/// <summary>The hash tree of RFC 9162 section 2.1 over the records of the audit log: hashes, roots and proofs.</summary>
public static class MerkleTree
{
    /// <summary>Bytes in a hash.</summary>
    public const int HashSize = SHA256.HashSizeInBytes;

    /// <summary>The root of a tree without leaves: the hash of nothing (2.1.1).</summary>
    public static byte[] EmptyRoot => SHA256.HashData([]);

    /// <summary><c>SHA-256(0x00 || entry)</c> (2.1.1).</summary>
    public static byte[] LeafHash(ReadOnlySpan<byte> entry)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData([0]);
        hash.AppendData(entry);
        return hash.GetHashAndReset();
    }

    /// <summary><c>SHA-256(0x01 || left || right)</c> (2.1.1).</summary>
    public static byte[] NodeHash(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        Span<byte> node = stackalloc byte[1 + (2 * HashSize)];
        node[0] = 1;
        left.CopyTo(node[1..]);
        right.CopyTo(node[(1 + HashSize)..]);
        return SHA256.HashData(node);
    }

    /// <param name="leaves">Leaf hashes.</param>
    public static byte[] Root(ReadOnlySpan<byte[]> leaves)
    {
        switch (leaves.Length)
        {
            case 0: return EmptyRoot;
            case 1: return leaves[0];
            default:
                var split = Split(leaves.Length);
                return NodeHash(Root(leaves[..split]), Root(leaves[split..]));
        }
    }

    /// <summary>PATH(m, D[n]) of 2.1.3.1.</summary>
    /// <param name="index">m, 0-based.</param>
    /// <param name="leaves">Leaf hashes of the whole tree.</param>
    public static IReadOnlyList<byte[]> InclusionProof(int index, ReadOnlySpan<byte[]> leaves)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, leaves.Length);
        var proof = new List<byte[]>();
        AddPath(proof, index, leaves);
        return proof;
    }

    /// <summary>PROOF(m, D[n]) of 2.1.4.1.</summary>
    /// <param name="first">m: the size of the older tree, at least 1.</param>
    /// <param name="leaves">Leaf hashes of the newer tree.</param>
    public static IReadOnlyList<byte[]> ConsistencyProof(int first, ReadOnlySpan<byte[]> leaves)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(first, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first, leaves.Length);
        var proof = new List<byte[]>();
        AddSubproof(proof, first, leaves, whole: true);
        return proof;
    }

    private static void AddPath(List<byte[]> proof, int index, ReadOnlySpan<byte[]> leaves)
    {
        if (leaves.Length == 1)
        {
            return;
        }

        var split = Split(leaves.Length);
        if (index < split)
        {
            AddPath(proof, index, leaves[..split]);
            proof.Add(Root(leaves[split..]));
        }
        else
        {
            AddPath(proof, index - split, leaves[split..]);
            proof.Add(Root(leaves[..split]));
        }
    }

    private static void AddSubproof(List<byte[]> proof, int first, ReadOnlySpan<byte[]> leaves, bool whole)
    {
        if (first == leaves.Length)
        {
            if (!whole)
            {
                proof.Add(Root(leaves));
            }

            return;
        }

        var split = Split(leaves.Length);
        if (first <= split)
        {
            AddSubproof(proof, first, leaves[..split], whole);
            proof.Add(Root(leaves[split..]));
        }
        else
        {
            AddSubproof(proof, first - split, leaves[split..], whole: false);
            proof.Add(Root(leaves[..split]));
        }
    }

    /// <summary>The largest power of two smaller than <paramref name="size"/> (k in 2.1.1).</summary>
    private static int Split(int size) => 1 << (31 - int.LeadingZeroCount(size - 1));
}
