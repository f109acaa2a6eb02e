using System.Buffers;
using System.IO.Pipelines;
using Countersign.Core.Git;

namespace Countersign.Server.Transports.Ssh;

/// <summary>
/// The bytes of one push: its head, then its pack to the pack's own end. Git closes its side there, other clients wait for the
/// report with theirs open. An input that ends before the pack does is no push: sshd closes the pipe of a client that is gone.
/// </summary>
/// <param name="client">Not consumed beyond the push.</param>
/// <param name="head">Bytes of the head.</param>
/// <param name="pack">Watches the pack; null where none follows.</param>
internal sealed class PushInput(PipeReader client, long head, PackTrailer? pack) : ReadOnce
{
    private long headLeft = head;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (headLeft == 0 && pack is null)
        {
            return 0;
        }

        if (!client.TryRead(out var result))
        {
            if (headLeft == 0 && pack!.IsAtEnd)
            {
                return 0;
            }

            result = await client.ReadAsync(cancellationToken);
        }

        var length = Math.Min(result.Buffer.Length, headLeft > 0 ? Math.Min(headLeft, buffer.Length) : buffer.Length);
        var part = result.Buffer.Slice(0, length);
        part.CopyTo(buffer.Span);
        client.AdvanceTo(part.End);
        if (length == 0)
        {
            return headLeft == 0 && pack!.IsAtEnd ? 0 : throw new IOException("The push broke off.");
        }

        if (headLeft > 0)
        {
            headLeft -= length;
        }
        else
        {
            pack!.Add(buffer.Span[..(int)length]);
        }

        return (int)length;
    }
}
