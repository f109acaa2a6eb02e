using System.Buffers;
using System.IO.Pipelines;
using Countersign.Core.Git;

namespace Countersign.Server.Transports.Https;

/// <summary>
/// Reads as much of a body as a parser needs, and leaves all of it for whoever reads next: what was parsed is what is forwarded.
/// Parsing begins anew each time, so each time an eighth more must have come, or the end of a part: a long head in small pieces
/// costs no quadratic work, and one that is whole is not waited behind for more. Over SSH clients leave their side open.
/// </summary>
internal static class BodyHead
{
    private const int LeastStep = 4096;

    internal delegate ParseStatus Parser<T>(in ReadOnlySequence<byte> bytes, out T? head, out string error)
        where T : class;

    /// <summary>Lets go of what was read and is not wanted any more; the server reads the next request behind it.</summary>
    public static void Forget(PipeReader body)
    {
        try
        {
            if (body.TryRead(out var result))
            {
                body.AdvanceTo(result.Buffer.End);
            }
        }
        catch (Exception exception) when (exception is InvalidOperationException or IOException or OperationCanceledException)
        {
            // The connection is gone, or somebody has read to the end: nothing is left to forget.
        }
    }

    /// <returns>The head, or what is wrong with the body in one line.</returns>
    public static async Task<(T? Head, string Error)> ReadAsync<T>(PipeReader body, Parser<T> parse, CancellationToken cancellation)
        where T : class
    {
        var walked = 0L;
        for (var enough = 0L; ;)
        {
            ReadResult result;
            try
            {
                result = await body.ReadAsync(cancellation);
            }
            catch (InvalidDataException)
            {
                return (null, "the body is not gzip, or unpacks to too much");
            }

            var endsPart = WalkToFlush(result.Buffer, ref walked);
            if (result.Buffer.Length < enough && !result.IsCompleted && !endsPart)
            {
                body.AdvanceTo(result.Buffer.Start, result.Buffer.End);
                continue;
            }

            var status = parse(result.Buffer, out var head, out var error);
            if (status == ParseStatus.Done)
            {
                body.AdvanceTo(result.Buffer.Start);
                return (head, "");
            }

            if (status == ParseStatus.Malformed || result.IsCompleted)
            {
                body.AdvanceTo(result.Buffer.Start);
                return (null, status == ParseStatus.Malformed ? error : "the body ends too early");
            }

            enough = result.Buffer.Length + Math.Max(LeastStep, result.Buffer.Length / 8);
            body.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }
    }

    /// <summary>Goes on from packet to packet. True when a flush has come since the last time, or what is no packet.</summary>
    private static bool WalkToFlush(in ReadOnlySequence<byte> bytes, ref long walked)
    {
        Span<byte> digits = stackalloc byte[4];
        var flush = false;
        for (var rest = bytes.Slice(walked); rest.Length >= digits.Length;)
        {
            rest.Slice(0, digits.Length).CopyTo(digits);
            if (!PktLine.TryParseLength(digits, out var length))
            {
                return true;
            }

            flush |= length == 0;
            var size = Math.Max(digits.Length, length);
            if (size > rest.Length)
            {
                break;
            }

            rest = rest.Slice(size);
            walked += size;
        }

        return flush;
    }
}
