using System.Buffers;
using System.IO.Pipelines;
using Countersign.Core.Git;

namespace Countersign.Server.Transports.Ssh;

/// <summary>The bytes of one request of version 2, which ends with a flush (gitprotocol-v2, "Command Request"). What follows stays with the client's reader.</summary>
internal sealed class RequestInput(PipeReader client) : ReadOnce
{
    private const int Digits = 4;

    private int left;
    private bool last;
    private bool complete;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!complete)
        {
            var result = await client.ReadAsync(cancellationToken);
            if (left == 0 && !TryBegin(result.Buffer))
            {
                client.AdvanceTo(result.Buffer.Start, result.Buffer.End);
                if (result.IsCompleted)
                {
                    throw new IOException("The request broke off.");
                }

                continue;
            }

            var part = result.Buffer.Slice(0, Math.Min(result.Buffer.Length, Math.Min(left, buffer.Length)));
            part.CopyTo(buffer.Span);
            client.AdvanceTo(part.End);
            if (part.IsEmpty)
            {
                throw new IOException("The request broke off.");
            }

            left -= (int)part.Length;
            complete = last && left == 0;
            return (int)part.Length;
        }

        return 0;
    }

    /// <summary>Reads and drops what nobody wanted of it.</summary>
    public async Task DrainAsync(CancellationToken cancellation)
    {
        var dropped = new byte[PktLine.MaxLength];
        while (await ReadAsync(dropped, cancellation) > 0)
        {
        }
    }

    private bool TryBegin(in ReadOnlySequence<byte> bytes)
    {
        if (bytes.Length < Digits)
        {
            return false;
        }

        Span<byte> digits = stackalloc byte[Digits];
        bytes.Slice(0, Digits).CopyTo(digits);
        if (!PktLine.TryParseLength(digits, out var length))
        {
            throw new InvalidDataException("The request is not in packets.");
        }

        (left, last) = (Math.Max(Digits, length), length == 0);
        return true;
    }
}
