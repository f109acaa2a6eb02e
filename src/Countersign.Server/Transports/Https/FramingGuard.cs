using System.Buffers;
using System.IO.Pipelines;
using System.Net.Security;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Countersign.Server.Transports.Https;

/// <summary>
/// Refuses chunk extensions, trailers (RFC 9112 7.1.1, 7.1.2) and lengths that are not plain digits. No Git client sends them,
/// the web server takes them, and servers that take them differently are how one request is smuggled inside another. From
/// the offending byte on, the web server gets to see one that can stand nowhere, so it answers 400 and closes; nothing behind
/// it is ever read.
/// </summary>
internal sealed class FramingGuard(PipeReader connection) : PipeReader
{
    private static ReadOnlySpan<byte> Poison => "\0\r\n\r\n"u8;

    private readonly MessageFraming framing = new();
    private PipeReader? rest; // what stands for the connection once something in it is broken
    private ReadOnlySequence<byte> current;
    private long seen; // bytes of the unconsumed input that framing has seen

    private PipeReader Source => rest ?? connection;

    /// <summary>Puts the guard before everything that reads the connection; HTTP/2 has frames of its own and nothing that this guards.</summary>
    public static ConnectionDelegate Around(ConnectionDelegate next) => connection =>
        connection.Features.Get<ITlsApplicationProtocolFeature>()?.ApplicationProtocol.Span.SequenceEqual(SslApplicationProtocol.Http2.Protocol.Span) == true
            ? next(connection)
            : GuardAsync(connection, next);

    private static async Task GuardAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        var transport = connection.Transport;
        connection.Transport = new Guarded(new FramingGuard(transport.Input), transport.Output);
        try
        {
            await next(connection);
        }
        finally
        {
            connection.Transport = transport;
        }
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        var reading = Source.ReadAsync(cancellationToken);
        return reading.IsCompletedSuccessfully ? LookAsync(reading.Result) : AwaitAsync(reading);
    }

    public override bool TryRead(out ReadResult result)
    {
        if (!Source.TryRead(out result))
        {
            return false;
        }

        if (IsBroken(result))
        {
            return Source.TryRead(out result);
        }

        return true;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        if (rest is null)
        {
            seen -= current.Slice(current.Start, consumed).Length;
            current = default;
        }

        Source.AdvanceTo(consumed, examined);
    }

    public override void CancelPendingRead() => Source.CancelPendingRead();

    public override void Complete(Exception? exception = null) => connection.Complete(exception);

    public override ValueTask CompleteAsync(Exception? exception = null) => connection.CompleteAsync(exception);

    private async ValueTask<ReadResult> AwaitAsync(ValueTask<ReadResult> reading) => await LookAsync(await reading);

    private ValueTask<ReadResult> LookAsync(ReadResult result) => IsBroken(result) ? Source.ReadAsync() : new(result);

    /// <summary>Looks at what is new; when it is broken, the connection is left for what came before the break.</summary>
    private bool IsBroken(ReadResult result)
    {
        if (rest is not null)
        {
            return false;
        }

        current = result.Buffer;
        if (current.Length > seen)
        {
            seen += framing.Take(current.Slice(seen), out var broken);
            if (broken)
            {
                rest = Create(new ReadOnlySequence<byte>([.. current.Slice(0, seen).ToArray(), .. Poison]));
                connection.AdvanceTo(current.End);
                return true;
            }
        }

        return false;
    }

    private sealed record Guarded(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
