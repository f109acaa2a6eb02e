using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Countersign.Core.Audit;

/// <summary>
/// The end of the log: its tree, the last seal, and how many checkpoints were signed. Each record's seal is
/// <c>HMAC-SHA256(seal key, seq || leaf hash || previous seal)</c> with seq as 8 bytes big-endian and 32 zero bytes before
/// the first, so whoever edits a record without the key breaks the chain exactly there, even after recomputing all hashes.
/// </summary>
public sealed record AuditHead(MerkleFrontier Tree, byte[] Seal, long Checkpoints)
{
    public static AuditHead Empty { get; } = new(MerkleFrontier.Empty, new byte[HMACSHA256.HashSizeInBytes], 0);

    /// <summary>The number of records, and the index of the next one.</summary>
    public long Size => Tree.Size;

    public AuditHead Append(ReadOnlySpan<byte> sealKey, ReadOnlySpan<byte> body)
    {
        var leaf = MerkleTree.LeafHash(body);
        return this with { Tree = Tree.Append(leaf), Seal = SealOf(sealKey, Size, leaf, Seal) };
    }

    /// <summary>What keeps the stored head from being edited: HMAC-SHA256 over all of it, under a label that no seal has.</summary>
    public byte[] Mac(ReadOnlySpan<byte> sealKey)
    {
        var tree = Tree.ToBytes();
        var message = new byte["countersign-audit-head"u8.Length + 16 + Seal.Length + tree.Length];
        var rest = message.AsSpan();
        "countersign-audit-head"u8.CopyTo(rest);
        rest = rest["countersign-audit-head"u8.Length..];
        BinaryPrimitives.WriteInt64BigEndian(rest, Size);
        BinaryPrimitives.WriteInt64BigEndian(rest[8..], Checkpoints);
        Seal.CopyTo(rest[16..]);
        tree.CopyTo(rest[(16 + Seal.Length)..]);
        return HMACSHA256.HashData(sealKey, message);
    }

    private static byte[] SealOf(ReadOnlySpan<byte> sealKey, long seq, ReadOnlySpan<byte> leaf, ReadOnlySpan<byte> previous)
    {
        Span<byte> message = stackalloc byte[8 + (2 * MerkleTree.HashSize)];
        BinaryPrimitives.WriteInt64BigEndian(message, seq);
        leaf.CopyTo(message[8..]);
        previous.CopyTo(message[(8 + MerkleTree.HashSize)..]);
        return HMACSHA256.HashData(sealKey, message);
    }
}
