using System.IO.Pipelines;
using Countersign.Core.Git;
using Countersign.Server.Enforcement;
using Countersign.Server.Upstreams.LocalRepositories;
using Countersign.Server.Upstreams.SmartHttp;

namespace Countersign.Server.Upstreams;

/// <summary>Each repository's own far side: this machine, or the Git host that has it.</summary>
internal sealed class RoutedUpstream(UpstreamPlaces places, UpstreamStates states, LocalUpstream local, SmartHttpUpstream smartHttp) : IUpstream
{
    public bool Inspects(RepositoryPath repository) => Of(repository).Inspects(repository);

    public bool FindsPackEnd(RepositoryPath repository) => Of(repository).FindsPackEnd(repository);

    public Task<ForwardOutcome> AdvertiseAsync(UpstreamRequest request, PipeWriter answer, CancellationToken cancellation) =>
        WatchAsync(request, far => far.AdvertiseAsync(request, answer, cancellation));

    public Task<ForwardOutcome> ForwardAsync(UpstreamRequest request, PipeReader body, PipeWriter answer, CancellationToken cancellation) =>
        WatchAsync(request, far => far.ForwardAsync(request, body, answer, cancellation));

    public Task<ForwardOutcome> ConverseAsync(UpstreamRequest request, PipeReader client, PipeWriter answer, CancellationToken cancellation) =>
        Of(request.Command.Repository).ConverseAsync(request, client, answer, cancellation);

    public Task<IReadOnlyList<RefUpdate>> InspectAsync(UpstreamRequest request, Stream? pack, CancellationToken cancellation) =>
        Of(request.Command.Repository).InspectAsync(request, pack, cancellation);

    /// <summary>Administrators see how each Git host was when a command last needed it.</summary>
    private async Task<ForwardOutcome> WatchAsync(UpstreamRequest request, Func<IUpstream, Task<ForwardOutcome>> forward)
    {
        if (places.Find(request.Command.Repository) is not { Upstream.Name: var name })
        {
            return await forward(local);
        }

        try
        {
            var outcome = await forward(smartHttp);
            states.Reached(name);
            return outcome;
        }
        catch (UpstreamUnavailableException failure) when (failure.Failure == UpstreamFailure.Unavailable)
        {
            states.Failed(name, failure.Message);
            throw;
        }
    }

    private IUpstream Of(RepositoryPath repository) => places.Find(repository) is null ? local : smartHttp;
}
