using System.Text;
using Countersign.Core.Audit;

namespace Countersign.Core.Tests.Audit;

public sealed class MerkleTreeTests
{
    /// <summary>The entries and hashes that Certificate Transparency implementations test themselves with.</summary>
    private static readonly byte[][] Leaves = [.. new[]
    {
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    }.Select(entry => MerkleTree.LeafHash(Convert.FromHexString(entry)))];

    [Theory]
    [InlineData(0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData(1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d")]
    [InlineData(2, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125")]
    [InlineData(3, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77")]
    [InlineData(4, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7")]
    [InlineData(5, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4")]
    [InlineData(6, "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef")]
    [InlineData(7, "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c")]
    [InlineData(8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328")]
    public void Roots_are_the_known_ones(int size, string root)
    {
        Assert.Equal(root, Convert.ToHexStringLower(MerkleTree.Root(Leaves.AsSpan(0, size))));
        Assert.Equal(root, Convert.ToHexStringLower(Frontier(Leaves.AsSpan(0, size)).Root()));
    }

    [Theory]
    [InlineData(0, 1, "")]
    [InlineData(0, 8, "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7 5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e 6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4")]
    [InlineData(5, 8, "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0 d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7")]
    [InlineData(2, 3, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125")]
    public void Inclusion_proofs_are_the_known_ones(int index, int size, string proof)
        => Assert.Equal(proof, Hex(MerkleTree.InclusionProof(index, Leaves.AsSpan(0, size))));

    [Theory]
    [InlineData(1, 1, "")]
    [InlineData(1, 8, "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7 5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e 6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4")]
    [InlineData(6, 8, "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0 d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7")]
    [InlineData(2, 5, "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b")]
    public void Consistency_proofs_are_the_known_ones(int first, int second, string proof)
        => Assert.Equal(proof, Hex(MerkleTree.ConsistencyProof(first, Leaves.AsSpan(0, second))));

    [Fact]
    public void Every_inclusion_proof_up_to_forty_leaves_holds_and_only_for_its_leaf_and_place()
    {
        for (var size = 1; size <= 40; size++)
        {
            var leaves = Make(size);
            var root = MerkleTree.Root(leaves);
            for (var index = 0; index < size; index++)
            {
                var proof = MerkleTree.InclusionProof(index, leaves);
                Assert.True(MerkleProof.IsIncluded(index, size, leaves[index], proof, root));
                Assert.False(MerkleProof.IsIncluded(index, size, MerkleTree.LeafHash("other"u8), proof, root));
                Assert.False(MerkleProof.IsIncluded(index, size, leaves[index], proof, MerkleTree.EmptyRoot));
                Assert.False(MerkleProof.IsIncluded(index, size, leaves[index], [.. proof, root], root));
                Assert.False(MerkleProof.IsIncluded(size, size, leaves[index], proof, root));
                Assert.False(MerkleProof.IsIncluded(-1, size, leaves[index], proof, root));
                Assert.False(index + 1 < size && MerkleProof.IsIncluded(index + 1, size, leaves[index], proof, root));
                Assert.False(proof.Count > 0 && MerkleProof.IsIncluded(index, size, leaves[index], [.. proof.Skip(1)], root));
                Assert.False(proof.Count > 0 && MerkleProof.IsIncluded(index, size, leaves[index], [.. proof.Skip(1), proof[0][1..]], root));
            }
        }
    }

    [Fact]
    public void Every_consistency_proof_up_to_forty_leaves_holds_and_only_for_its_roots()
    {
        for (var second = 1; second <= 40; second++)
        {
            var leaves = Make(second);
            var newRoot = MerkleTree.Root(leaves);
            for (var first = 1; first <= second; first++)
            {
                var oldRoot = MerkleTree.Root(leaves.AsSpan(0, first));
                var proof = MerkleTree.ConsistencyProof(first, leaves);
                Assert.True(MerkleProof.IsConsistent(first, second, oldRoot, newRoot, proof));
                Assert.False(MerkleProof.IsConsistent(first, second, MerkleTree.EmptyRoot, newRoot, proof));
                Assert.False(MerkleProof.IsConsistent(first, second, oldRoot, MerkleTree.EmptyRoot, proof));
                Assert.False(MerkleProof.IsConsistent(first, second, oldRoot, newRoot, [.. proof, newRoot]));
                Assert.False(proof.Count > 0 && MerkleProof.IsConsistent(first, second, oldRoot, newRoot, [.. proof.Skip(1)]));
                Assert.False(MerkleProof.IsConsistent(second + 1, second, oldRoot, newRoot, proof));
                Assert.False(MerkleProof.IsConsistent(0, second, MerkleTree.EmptyRoot, newRoot, proof));
            }
        }
    }

    [Fact]
    public void The_frontier_tells_the_same_root_as_the_whole_tree_and_survives_storing()
    {
        var frontier = MerkleFrontier.Empty;
        var leaves = Make(300);
        for (var size = 0; size < leaves.Length; size++)
        {
            Assert.Equal(MerkleTree.Root(leaves.AsSpan(0, size)), frontier.Root());
            frontier = MerkleFrontier.From(size, frontier.ToBytes())!.Append(leaves[size]);
        }
    }

    [Fact]
    public void Appending_leaves_the_frontier_before_it_as_it_was()
    {
        var before = Frontier(Leaves.AsSpan(0, 5));
        var root = before.Root();
        before.Append(Leaves[5]);
        Assert.Equal((5, Convert.ToHexString(root)), (before.Size, Convert.ToHexString(before.Root())));
    }

    [Theory]
    [InlineData(-1, 0)]
    [InlineData(0, 32)]
    [InlineData(3, 32)]
    [InlineData(4, 31)]
    public void A_stored_frontier_that_does_not_fit_its_size_is_refused(long size, int bytes)
        => Assert.Null(MerkleFrontier.From(size, new byte[bytes]));

    private static byte[][] Make(int count) => [.. Enumerable.Range(0, count).Select(n => MerkleTree.LeafHash(Encoding.ASCII.GetBytes($"entry {n}")))];

    private static MerkleFrontier Frontier(ReadOnlySpan<byte[]> leaves)
    {
        var frontier = MerkleFrontier.Empty;
        foreach (var leaf in leaves)
        {
            frontier = frontier.Append(leaf);
        }

        return frontier;
    }

    private static string Hex(IReadOnlyList<byte[]> hashes) => string.Join(' ', hashes.Select(Convert.ToHexStringLower));
}
