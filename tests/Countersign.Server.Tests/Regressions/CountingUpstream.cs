using System.IO.Pipelines;
using Countersign.Core.Git;
using Countersign.Server.Enforcement;

namespace Countersign.Server.Tests.Regressions;

/// <summary>The real far side, which tells when it is asked to look at a push.</summary>
internal sealed class CountingUpstream(IUpstream real, Action looked) : IUpstream
{
    public bool Inspects(RepositoryPath repository) => real.Inspects(repository);

    public Task<ForwardOutcome> AdvertiseAsync(UpstreamRequest request, PipeWriter answer, CancellationToken cancellation) =>
        real.AdvertiseAsync(request, answer, cancellation);

    public Task<ForwardOutcome> ForwardAsync(UpstreamRequest request, PipeReader body, PipeWriter answer, CancellationToken cancellation) =>
        real.ForwardAsync(request, body, answer, cancellation);

    public Task<IReadOnlyList<RefUpdate>> InspectAsync(UpstreamRequest request, Stream? pack, CancellationToken cancellation)
    {
        looked();
        return real.InspectAsync(request, pack, cancellation);
    }
}
