using System.IO.Pipelines;
using Countersign.Core.Git;
using Countersign.Server.Enforcement;

namespace Countersign.Server.Upstreams.SmartHttp;

/// <summary>A Git host that speaks smart HTTP.</summary>
internal sealed class SmartHttpUpstream : IUpstream
{
    public Task<ForwardOutcome> AdvertiseAsync(UpstreamRequest request, PipeWriter answer, CancellationToken cancellation) =>
        throw new UpstreamUnavailableException("not yet");

    public Task<ForwardOutcome> ForwardAsync(UpstreamRequest request, PipeReader body, PipeWriter answer, CancellationToken cancellation) =>
        throw new UpstreamUnavailableException("not yet");

    public Task<IReadOnlyList<RefUpdate>> InspectAsync(UpstreamRequest request, Stream? pack, CancellationToken cancellation) =>
        Task.FromResult(request.Command.Updates);
}
