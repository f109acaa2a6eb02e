using System.IO.Pipelines;
using System.Net;
using System.Security.Cryptography;
using Countersign.Core.LargeFiles;

namespace Countersign.Server.Upstreams.SmartHttp;

/// <summary>
/// An object on its way to a Git host. It is hashed as it passes, and its last piece goes only when all of it was the object that was
/// decided on: the host never has a whole message with something else in it, whether or not it looks.
/// </summary>
internal sealed class LfsUpload(LfsObject said, PipeReader content, Patience patience, int seconds) : HttpContent
{
    private readonly CancellationTokenSource ending = CancellationTokenSource.CreateLinkedTokenSource(patience.Token);
    private Task copying = Task.CompletedTask;

    /// <summary>What came was not the object; the request to the host was broken off.</summary>
    public bool IsWrong { get; private set; }

    /// <summary>The client's side broke off, not the host's.</summary>
    public bool ClientLeft { get; private set; }

    public long Bytes { get; private set; }

    /// <summary>Nothing reads the client's body after this: a host may answer before it has taken all, or not at all.</summary>
    public async Task EndAsync()
    {
        await ending.CancelAsync();
        await copying.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // what it ended with was told by the exchange
        ending.Dispose();
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => copying = CopyAsync(stream);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) => copying = CopyAsync(stream);

    protected override bool TryComputeLength(out long length)
    {
        length = said.Size;
        return true;
    }

    private async Task CopyAsync(Stream stream)
    {
        if (Bytes > 0)
        {
            throw new IOException("an object can be sent once"); // the client library tries again on another connection
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (var ended = false; !ended;)
        {
            var result = await ReadAsync();
            ended = result.IsCompleted;
            try
            {
                foreach (var piece in result.Buffer)
                {
                    Bytes += piece.Length;
                    hash.AppendData(piece.Span);
                    Require(Bytes < said.Size || IsWhole(hash));
                    patience.Begin(seconds);
                    await stream.WriteAsync(piece, ending.Token);
                    patience.End();
                }
            }
            finally
            {
                content.AdvanceTo(result.Buffer.End);
            }
        }

        Require(IsWhole(hash));
        patience.Begin(seconds);
    }

    private bool IsWhole(IncrementalHash hash) => Bytes == said.Size && Convert.ToHexStringLower(hash.GetCurrentHash()) == said.Oid.Hex;

    private async ValueTask<ReadResult> ReadAsync()
    {
        try
        {
            return await content.ReadAsync(ending.Token);
        }
        catch
        {
            ClientLeft = !ending.IsCancellationRequested;
            throw;
        }
    }

    private void Require(bool right)
    {
        IsWrong |= !right;
        if (!right)
        {
            throw new IOException("what came is not the object that was named");
        }
    }
}
