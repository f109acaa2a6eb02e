using System.Security.Cryptography;

namespace Countersign.Core.Audit;

/// <summary>Checks proofs against signed roots, without the log. RFC 9162 2.1.3.2 and 2.1.4.2, step by step.</summary>
public static class MerkleProof
{
    /// <summary>Is the leaf the one at <paramref name="index"/> of the tree with this size and root?</summary>
    public static bool IsIncluded(long index, long size, ReadOnlySpan<byte> leaf, IReadOnlyList<byte[]> proof, ReadOnlySpan<byte> root)
    {
        if (index < 0 || index >= size)
        {
            return false; // step 1
        }

        var (node, last) = (index, size - 1); // step 2
        var hash = leaf.ToArray(); // step 3
        foreach (var sibling in proof)
        {
            if (last == 0 || sibling.Length != MerkleTree.HashSize)
            {
                return false; // step 4a
            }

            var wasRight = (node & 1) == 1 || node == last; // step 4b
            hash = wasRight ? MerkleTree.NodeHash(sibling, hash) : MerkleTree.NodeHash(hash, sibling);
            if (wasRight)
            {
                SkipMissingSiblings(ref node, ref last);
            }

            (node, last) = (node >> 1, last >> 1); // step 4c
        }

        return last == 0 && CryptographicOperations.FixedTimeEquals(hash, root); // step 5
    }

    /// <summary>Is the tree of <paramref name="first"/> leaves the beginning of the tree of <paramref name="second"/> leaves?</summary>
    public static bool IsConsistent(long first, long second, ReadOnlySpan<byte> firstRoot, ReadOnlySpan<byte> secondRoot, IReadOnlyList<byte[]> proof)
    {
        if (first < 1 || first > second || proof.Any(hash => hash.Length != MerkleTree.HashSize))
        {
            return false;
        }

        if (first == second)
        {
            return proof.Count == 0 && CryptographicOperations.FixedTimeEquals(firstRoot, secondRoot);
        }

        var path = long.IsPow2(first) ? [firstRoot.ToArray(), .. proof] : proof; // step 2
        if (path.Count == 0)
        {
            return false; // step 1
        }

        var (node, last) = (first - 1, second - 1); // step 3
        while ((node & 1) == 1)
        {
            (node, last) = (node >> 1, last >> 1); // step 4
        }

        var (older, newer) = (path[0], path[0]); // step 5
        foreach (var hash in path.Skip(1))
        {
            if (last == 0)
            {
                return false; // step 6a
            }

            if ((node & 1) == 1 || node == last) // step 6b
            {
                older = MerkleTree.NodeHash(hash, older);
                newer = MerkleTree.NodeHash(hash, newer);
                SkipMissingSiblings(ref node, ref last);
            }
            else
            {
                newer = MerkleTree.NodeHash(newer, hash);
            }

            (node, last) = (node >> 1, last >> 1); // step 6c
        }

        return last == 0 // step 7
            && CryptographicOperations.FixedTimeEquals(older, firstRoot)
            && CryptographicOperations.FixedTimeEquals(newer, secondRoot);
    }

    /// <summary>A node without a right sibling is lifted until it is one, or the leftmost.</summary>
    private static void SkipMissingSiblings(ref long node, ref long last)
    {
        while ((node & 1) == 0 && node != 0)
        {
            (node, last) = (node >> 1, last >> 1);
        }
    }
}
