using System.IO.Pipelines;
using System.Net;
using System.Security.Cryptography;
using Countersign.Core.LargeFiles;

namespace Countersign.Server.Upstreams.SmartHttp;

/// <summary>
/// An object on its way to a Git host. It is hashed as it passes, and its last piece goes only when all of it was the object that was
/// decided on: the host never has a whole message with something else in it, whether or not it looks.
/// </summary>
internal sealed class LfsUpload(LfsObject said, PipeReader content, Patience patience, int idleSeconds) : HttpContent
{
    /// <summary>What came was not the object; the request to the host was broken off.</summary>
    public bool IsWrong { get; private set; }

    public long Bytes { get; private set; }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => CopyAsync(stream);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) => CopyAsync(stream);

    protected override bool TryComputeLength(out long length)
    {
        length = said.Size;
        return true;
    }

    private async Task CopyAsync(Stream stream)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var come = 0L;
        for (var ended = false; !ended;)
        {
            var result = await content.ReadAsync(patience.Token);
            ended = result.IsCompleted;
            foreach (var piece in result.Buffer)
            {
                come += piece.Length;
                hash.AppendData(piece.Span);
                Require(come < said.Size || (come == said.Size && Convert.ToHexStringLower(hash.GetCurrentHash()) == said.Oid.Hex));
                patience.Begin(idleSeconds);
                await stream.WriteAsync(piece, patience.Token);
                patience.End();
                Bytes = come;
            }

            content.AdvanceTo(result.Buffer.End);
        }

        Require(come == said.Size && Convert.ToHexStringLower(hash.GetCurrentHash()) == said.Oid.Hex);
        patience.Begin(idleSeconds);
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
