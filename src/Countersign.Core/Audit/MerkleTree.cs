namespace Countersign.Core.Audit;

/// <summary>The hash tree of RFC 9162 section 2.1 over the records of the audit log.</summary>
public static class MerkleTree
{
}
