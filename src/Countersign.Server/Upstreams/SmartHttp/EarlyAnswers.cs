namespace Countersign.Server.Upstreams.SmartHttp;

/// <summary>
/// A connection on which the host may answer before it has the whole request. HttpClient reads nothing while it sends, so a
/// host that refuses early and closes would break the sending, and its answer would be lost with the connection. Here, when
/// sending fails, what the host said before is looked for; is there something, the rest of the upload is dropped and it is read.
/// </summary>
internal sealed class EarlyAnswers(Stream connection) : Stream
{
    private const int MaxAhead = 16 * 1024;

    private TaskCompletionSource<bool>? listening; // on a connection used before, HttpClient has a read of its own under way, behind an empty one
    private byte[] kept = [];
    private int keptStart;
    private int keptEnd;
    private bool spent; // the host takes no more; nothing else may be asked on this connection

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (spent)
        {
            return;
        }

        try
        {
            await connection.WriteAsync(buffer, cancellationToken);
        }
        catch (IOException)
        {
            // The host has closed. If it said something before, that is what the client must hear.
            if (!await HasAnsweredAsync(cancellationToken))
            {
                throw;
            }

            spent = true;
        }
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        return keptStart != keptEnd || (spent && buffer.IsEmpty) ? new(ReadKept(buffer))
            : buffer.IsEmpty || listening is { Task.IsCompleted: false } ? ListenAsync(buffer, cancellationToken)
            : connection.ReadAsync(buffer, cancellationToken);
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => spent ? Task.CompletedTask : connection.FlushAsync(cancellationToken);

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush() => connection.Flush();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            connection.Dispose();
        }

        base.Dispose(disposing);
    }

    private async ValueTask<int> ListenAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        listening = listening is null or { Task.IsCompleted: true } ? new(TaskCreationOptions.RunContinuationsAsynchronously) : listening;
        var heard = false;
        try
        {
            var count = await connection.ReadAsync(buffer, cancellation);
            heard = count > 0 || buffer.IsEmpty;
            return count;
        }
        finally
        {
            if (!heard || !buffer.IsEmpty)
            {
                listening.TrySetResult(heard);
            }
        }
    }

    private async Task<bool> HasAnsweredAsync(CancellationToken cancellation)
    {
        if (listening is not null)
        {
            return await listening.Task.WaitAsync(cancellation);
        }

        try
        {
            kept = new byte[MaxAhead];
            (keptStart, keptEnd) = (0, await connection.ReadAsync(kept, cancellation));
        }
        catch (IOException)
        {
            return false;
        }

        return keptEnd > 0;
    }

    private int ReadKept(Memory<byte> buffer)
    {
        var count = Math.Min(buffer.Length, keptEnd - keptStart);
        kept.AsSpan(keptStart, count).CopyTo(buffer.Span);
        keptStart += count;
        return count;
    }
}
