using System.Security.Cryptography;
using Countersign.Core.Audit;

namespace Countersign.Core.Tests.Audit;

public sealed class AuditHeadTests
{
    private static readonly byte[] Key = [.. Enumerable.Range(0, 32).Select(n => (byte)n)];

    [Fact]
    public void A_seal_covers_index_leaf_and_previous_seal()
    {
        var one = AuditHead.Empty.Append(Key, "one"u8);
        var two = one.Append(Key, "two"u8);
        Assert.Equal(HMACSHA256.HashData(Key, (byte[])[.. new byte[8], .. MerkleTree.LeafHash("one"u8), .. new byte[32]]), one.Seal);
        Assert.Equal(HMACSHA256.HashData(Key, (byte[])[0, 0, 0, 0, 0, 0, 0, 1, .. MerkleTree.LeafHash("two"u8), .. one.Seal]), two.Seal);
        Assert.Equal(2, two.Size);
    }

    [Fact]
    public void The_mac_covers_every_member_and_the_key()
    {
        var head = AuditHead.Empty.Append(Key, "one"u8);
        byte[][] macs =
        [
            head.Mac(Key), head.Mac(new byte[32]), AuditHead.Empty.Mac(Key), (head with { Checkpoints = 1 }).Mac(Key),
            (head with { Seal = new byte[32] }).Mac(Key), (head with { Tree = AuditHead.Empty.Append(Key, "two"u8).Tree }).Mac(Key),
        ];
        Assert.Equal(macs.Length, macs.Select(Convert.ToHexString).Distinct().Count());
    }
}
