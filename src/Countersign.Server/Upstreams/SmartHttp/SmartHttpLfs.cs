using System.IO.Pipelines;
using Countersign.Core.LargeFiles;
using Countersign.Server.Enforcement;

namespace Countersign.Server.Upstreams.SmartHttp;

/// <summary>The large files and locks of a Git host.</summary>
internal sealed class SmartHttpLfs : ILfsUpstream
{
    public Task<IReadOnlyList<LfsEntry>> BatchAsync(CommandRequest request, LfsBatch batch, CancellationToken cancellation) => throw NotServed();

    public Task<LfsReply> LockAsync(CommandRequest request, LfsLockCall call, CancellationToken cancellation) => throw NotServed();

    public Task<Stream?> OpenAsync(CommandRequest request, LfsTransfer transfer, LfsRange range, CancellationToken cancellation) => throw NotServed();

    public Task<LfsReply> StoreAsync(CommandRequest request, LfsTransfer transfer, PipeReader content, CancellationToken cancellation) => throw NotServed();

    public Task<LfsReply> VerifyAsync(CommandRequest request, LfsTransfer transfer, CancellationToken cancellation) => throw NotServed();

    private static UpstreamUnavailableException NotServed() => new("Git LFS of other Git hosts is not served.");
}
