namespace Countersign.Server.Factors.DuoPush;

/// <summary>The connections to Duo. Reads no more of an answer than any real one has.</summary>
internal sealed class DuoConnection(HttpMessageHandler handler) : IDisposable
{
    /// <summary>Bytes; a real answer has a few hundred, with many devices a few thousand.</summary>
    public const int LongestAnswer = 64 * 1024;

    private readonly HttpMessageInvoker invoker = new(handler);

    public async Task<DuoAnswer> SendAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        try
        {
            using var response = await invoker.SendAsync(request, cancellation);
            if (response.Content.Headers.ContentLength > LongestAnswer)
            {
                return new DuoAnswer.Wrong("too long");
            }

            await using var stream = await response.Content.ReadAsStreamAsync(cancellation);
            return await ReadAsync(stream, cancellation) is { } body
                ? DuoAnswer.Read((int)response.StatusCode, response.Headers.RetryAfter, body)
                : new DuoAnswer.Wrong("too long");
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or OperationCanceledException)
        {
            return new DuoAnswer.Nothing(exception is OperationCanceledException ? "no answer in time" : DuoText.Line(exception.InnerException?.Message ?? exception.Message));
        }
    }

    public void Dispose() => invoker.Dispose();

    private static async Task<byte[]?> ReadAsync(Stream stream, CancellationToken cancellation)
    {
        using var body = new MemoryStream();
        var buffer = new byte[4096];
        while (await stream.ReadAsync(buffer, cancellation) is > 0 and var read)
        {
            if (body.Length + read > LongestAnswer)
            {
                return null;
            }

            body.Write(buffer, 0, read);
        }

        return body.ToArray();
    }
}
