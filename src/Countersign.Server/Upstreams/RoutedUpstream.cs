using System.IO.Pipelines;
using Countersign.Core.Git;
using Countersign.Server.Enforcement;
using Countersign.Server.Upstreams.LocalRepositories;
using Countersign.Server.Upstreams.SmartHttp;

namespace Countersign.Server.Upstreams;

/// <summary>Each repository's own far side: this machine, or the Git host that has it.</summary>
internal sealed class RoutedUpstream(UpstreamPlaces places, LocalUpstream local, SmartHttpUpstream smartHttp) : IUpstream
{
    public bool Inspects(RepositoryPath repository) => Of(repository).Inspects(repository);

    public Task<ForwardOutcome> AdvertiseAsync(UpstreamRequest request, PipeWriter answer, CancellationToken cancellation) =>
        Of(request).AdvertiseAsync(request, answer, cancellation);

    public Task<ForwardOutcome> ForwardAsync(UpstreamRequest request, PipeReader body, PipeWriter answer, CancellationToken cancellation) =>
        Of(request).ForwardAsync(request, body, answer, cancellation);

    public Task<IReadOnlyList<RefUpdate>> InspectAsync(UpstreamRequest request, Stream? pack, CancellationToken cancellation) =>
        Of(request).InspectAsync(request, pack, cancellation);

    private IUpstream Of(UpstreamRequest request) => Of(request.Command.Repository);

    private IUpstream Of(RepositoryPath repository) => places.Find(repository) is null ? local : smartHttp;
}
