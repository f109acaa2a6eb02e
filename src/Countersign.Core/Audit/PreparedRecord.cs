using System.Buffers.Text;

namespace Countersign.Core.Audit;

/// <summary>An event in its canonical form, complete but for its place in the log; made by <see cref="AuditBody.Prepare"/>.</summary>
public sealed class PreparedRecord
{
    private static ReadOnlySpan<byte> Beginning => "{\"seq\":"u8;

    private readonly ReadOnlyMemory<byte> rest;

    internal PreparedRecord(ReadOnlyMemory<byte> rest) => this.rest = rest;

    /// <summary>The record's bytes at this index.</summary>
    public byte[] At(long seq)
    {
        Span<byte> number = stackalloc byte[20];
        Utf8Formatter.TryFormat(seq, number, out var digits);
        return [.. Beginning, .. number[..digits], .. rest.Span];
    }
}
