using System.IO.Pipelines;
using Countersign.Core.LargeFiles;
using Countersign.Server.Enforcement;
using Countersign.Server.Upstreams.LocalRepositories;
using Countersign.Server.Upstreams.SmartHttp;

namespace Countersign.Server.Upstreams;

/// <summary>The large files of each repository are where the repository is.</summary>
internal sealed class RoutedLfs(UpstreamPlaces places, LocalLfs local, SmartHttpLfs smartHttp) : ILfsUpstream
{
    public Task<IReadOnlyList<LfsEntry>> BatchAsync(CommandRequest request, LfsBatch batch, CancellationToken cancellation) =>
        Of(request).BatchAsync(request, batch, cancellation);

    public LfsWork Describe(CommandRequest request, LfsLockCall.Unlock call) => Of(request).Describe(request, call);

    public string PlaceOf(CommandRequest request) => Of(request).PlaceOf(request);

    public Task<LfsReply> LockAsync(CommandRequest request, LfsLockCall call, CancellationToken cancellation) =>
        Of(request).LockAsync(request, call, cancellation);

    public Task<Stream?> OpenAsync(CommandRequest request, LfsTransfer transfer, LfsRange range, CancellationToken cancellation) =>
        Of(request).OpenAsync(request, transfer, range, cancellation);

    public Task<LfsReply> StoreAsync(CommandRequest request, LfsTransfer transfer, PipeReader content, CancellationToken cancellation) =>
        Of(request).StoreAsync(request, transfer, content, cancellation);

    public Task<LfsReply> VerifyAsync(CommandRequest request, LfsTransfer transfer, CancellationToken cancellation) =>
        Of(request).VerifyAsync(request, transfer, cancellation);

    private ILfsUpstream Of(CommandRequest request) => places.Find(request.Command.Repository) is null ? local : smartHttp;
}
