using System.IO.Pipelines;

namespace Countersign.Server.Transports.Https;

/// <summary>
/// The rest of a body whose request is refused. A client that still sends does not read, and would report a broken connection
/// instead of the refusal; but nobody may keep us reading for ever. It is read as it was sent: nothing is unpacked in vain.
/// </summary>
internal static class RefusedBody
{
    private const long MaxBytes = 4L << 30;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>Reads and drops what is left, within bounds; a longer or broken rest stays unread, and its connection ends.</summary>
    public static async Task DrainAsync(PipeReader body, CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Patience);
        try
        {
            for (var left = MaxBytes; left > 0;)
            {
                var result = await body.ReadAsync(patience.Token);
                left -= result.Buffer.Length;
                body.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted)
                {
                    return;
                }
            }
        }
        catch (Exception exception) when (!cancellation.IsCancellationRequested && exception is BadHttpRequestException or OperationCanceledException)
        {
            // Too slow, or no chunks any more.
        }
    }
}
