using System.IO.Pipelines;
using Countersign.Core.Git;
using Countersign.Server.Enforcement;

namespace Countersign.Bench;

/// <summary>A far side that answers at once with the same bytes, so that the gateway is measured and not ten thousand git processes.</summary>
internal sealed class ConstantUpstream : IUpstream
{
    public bool Inspects(RepositoryPath repository) => true;

    /// <summary>About what a small repository's ref list takes.</summary>
    public static byte[] Answer { get; } = [.. Enumerable.Range(0, 512).Select(index => (byte)('a' + (index % 26)))];

    public async Task<ForwardOutcome> AdvertiseAsync(UpstreamRequest request, PipeWriter answer, CancellationToken cancellation)
    {
        await answer.WriteAsync(Answer, cancellation);
        return new(true, 0, Answer.Length, "ok");
    }

    public Task<ForwardOutcome> ForwardAsync(UpstreamRequest request, PipeReader body, PipeWriter answer, CancellationToken cancellation) =>
        AdvertiseAsync(request, answer, cancellation);

    public Task<IReadOnlyList<RefUpdate>> InspectAsync(UpstreamRequest request, Stream? pack, CancellationToken cancellation) =>
        Task.FromResult(request.Command.Updates);
}
