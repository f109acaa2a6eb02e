using System.Net;

namespace Countersign.Server.Upstreams.SmartHttp;

/// <summary>An object on its way from a Git host. Disposing ends the request there.</summary>
internal sealed class LfsContent : ReadOnce
{
    private readonly HttpResponseMessage answer;
    private readonly Stream stream;
    private readonly IDisposable lease;
    private readonly Patience patience;
    private readonly int idleSeconds;

    private LfsContent(HttpResponseMessage answer, Stream stream, IDisposable lease, Patience patience, int idleSeconds) =>
        (this.answer, this.stream, this.lease, this.patience, this.idleSeconds) = (answer, stream, lease, patience, idleSeconds);

    /// <summary>Null when the host does not give the object. A host that knows no ranges is read past what was not asked for.</summary>
    public static async Task<LfsContent?> OpenAsync(HttpResponseMessage answer, IDisposable lease, Patience patience, int idleSeconds, Enforcement.LfsRange range)
    {
        var isPart = answer.StatusCode == HttpStatusCode.PartialContent && range.IsPart && answer.Content.Headers.ContentRange?.From == range.Offset;
        if ((answer.StatusCode != HttpStatusCode.OK && !isPart) || answer.Content.Headers.ContentEncoding.Any(coding => coding != "identity"))
        {
            answer.Dispose();
            return null;
        }

        var content = new LfsContent(answer, await answer.Content.ReadAsStreamAsync(patience.Token), lease, patience, idleSeconds);
        patience.End();
        var buffer = new byte[64 * 1024];
        for (var skip = isPart ? 0 : range.Offset; skip > 0;)
        {
            var read = await content.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, skip)));
            skip -= read > 0 ? read : throw new EndOfStreamException();
        }

        return content;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        patience.Begin(idleSeconds);
        try
        {
            return await stream.ReadAsync(buffer, patience.Token);
        }
        catch (OperationCanceledException exception) when (patience.IsOver)
        {
            throw new IOException("the Git host stopped in the middle of its answer", exception);
        }
        finally
        {
            patience.End();
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            answer.Dispose();
            lease.Dispose();
            patience.Dispose();
        }

        base.Dispose(disposing);
    }
}
