namespace Countersign.Server.Upstreams.LocalRepositories;

internal static class StreamEndings
{
    /// <summary>Closes a pipe whose other end may be gone: that it is gone is no news here.</summary>
    public static async ValueTask DisposeQuietlyAsync(this Stream stream)
    {
        try
        {
            await stream.DisposeAsync();
        }
        catch (IOException)
        {
            // Flushing into a broken pipe; nothing is lost that anybody waits for.
        }
    }
}
