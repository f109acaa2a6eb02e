using System.Buffers;
using System.IO.Pipelines;
using Countersign.Core.Git;

namespace Countersign.Server.Transports.Https;

/// <summary>
/// Reads as much of a body as a parser needs, and leaves all of it for whoever reads next: what was parsed is what is forwarded.
/// Parsing begins anew each time, so each time an eighth more must have come: a long head in small pieces costs no quadratic work.
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

            if (result.Buffer.Length < enough && !result.IsCompleted)
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
}
