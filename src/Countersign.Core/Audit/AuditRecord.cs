namespace Countersign.Core.Audit;

/// <summary>One event in its place in the log.</summary>
/// <param name="Seq">Its index, 0-based.</param>
/// <param name="Body">The canonical form that was hashed and sealed; see <see cref="AuditBody"/>.</param>
/// <param name="Event">What the body says; null when the body is not canonical, which only tampering can cause.</param>
public sealed record AuditRecord(long Seq, ReadOnlyMemory<byte> Body, AuditEvent? Event)
{
    public static AuditRecord Of(long seq, byte[] body)
        => new(seq, body, AuditBody.TryDecode(body, out var inner, out var @event) && inner == seq ? @event : null);
}
