using System.IO.Pipelines;
using Countersign.Core.Git;
using Countersign.Server.Enforcement;

namespace Countersign.Server.Tests.Regressions;

/// <summary>The real far side, which tells when it is asked to look at a push.</summary>
internal sealed class CountingUpstream(IUpstream real, Action looked) : IUpstream
{
    public Task<ForwardOutcome> AdvertiseAsync(GitCommand command, int protocolVersion, PipeWriter answer, CancellationToken cancellation) =>
        real.AdvertiseAsync(command, protocolVersion, answer, cancellation);

    public Task<ForwardOutcome> ForwardAsync(GitCommand command, int protocolVersion, PipeReader request, PipeWriter answer, CancellationToken cancellation) =>
        real.ForwardAsync(command, protocolVersion, request, answer, cancellation);

    public Task<IReadOnlyList<RefUpdate>> InspectAsync(GitCommand command, Stream? pack, CancellationToken cancellation)
    {
        looked();
        return real.InspectAsync(command, pack, cancellation);
    }
}
