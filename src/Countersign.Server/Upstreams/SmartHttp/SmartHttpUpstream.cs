using System.IO.Pipelines;
using Countersign.Core.Git;
using Countersign.Server.Enforcement;
using Microsoft.Extensions.Options;

namespace Countersign.Server.Upstreams.SmartHttp;

/// <summary>A Git host that speaks smart HTTP (gitprotocol-http): for each decided request one request there, and its answer back.</summary>
internal sealed class SmartHttpUpstream(
    UpstreamPlaces places, UpstreamClients clients, UpstreamMessages messages, IOptions<UpstreamsOptions> options, TimeProvider clock) : IUpstream
{
    public bool Inspects(RepositoryPath repository) => false;

    public async Task<ForwardOutcome> AdvertiseAsync(UpstreamRequest request, PipeWriter answer, CancellationToken cancellation)
    {
        var place = PlaceOf(request);
        using var patience = new Patience(clock, cancellation);
        using var message = messages.InfoRefs(place, request);
        using var client = clients.Take(place.Upstream);
        var exchange = new UpstreamExchange(place.Upstream, request, patience, options.Value);
        return await exchange.RunAsync(client, message, answer, cancellation);
    }

    public async Task<ForwardOutcome> ForwardAsync(UpstreamRequest request, PipeReader body, PipeWriter answer, CancellationToken cancellation)
    {
        var place = PlaceOf(request);
        using var patience = new Patience(clock, cancellation);
        using var content = new ForwardedBody(request, body, patience, options.Value);
        if (!await content.TryOpenAsync(cancellation))
        {
            return UpstreamExchange.ClientLeft;
        }

        using var message = messages.Rpc(place, request, content);
        using var client = clients.Take(place.Upstream);
        var exchange = new UpstreamExchange(place.Upstream, request, patience, options.Value) { Body = content };
        return await exchange.RunAsync(client, message, answer, cancellation);
    }

    /// <summary>Without its repository a push tells little: that tags, which are to stand still, move by force, and what is new does not.</summary>
    public Task<IReadOnlyList<RefUpdate>> InspectAsync(UpstreamRequest request, Stream? pack, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<RefUpdate>>([.. request.Command.Updates.Select(Look)]);

    private static RefUpdate Look(RefUpdate update) => update.Change switch
    {
        RefChange.Create => update with { Forced = false },
        RefChange.Update when update.Name.Value.StartsWith("refs/tags/", StringComparison.Ordinal) => update with { Forced = true },
        _ => update,
    };

    private UpstreamPlace PlaceOf(UpstreamRequest request) =>
        places.Find(request.Command.Repository) ?? throw new UpstreamUnavailableException($"{request.Command.Repository} is at no Git host.") { Untouched = true };
}
