using System.IO.Pipelines;
using Countersign.Core.Git;
using Countersign.Server.Enforcement;

namespace Countersign.Bench;

/// <summary>A far side that answers at once with the same bytes, so that the gateway is measured and not ten thousand git processes.</summary>
internal sealed class ConstantUpstream : IUpstream
{
    /// <summary>About what a small repository's ref list takes.</summary>
    public static byte[] Answer { get; } = [.. Enumerable.Range(0, 512).Select(index => (byte)('a' + (index % 26)))];

    public async Task<ForwardOutcome> AdvertiseAsync(GitCommand command, int protocolVersion, PipeWriter answer, CancellationToken cancellation)
    {
        await answer.WriteAsync(Answer, cancellation);
        return new(true, 0, Answer.Length, "ok");
    }

    public Task<ForwardOutcome> ForwardAsync(GitCommand command, int protocolVersion, PipeReader request, PipeWriter answer, CancellationToken cancellation) =>
        AdvertiseAsync(command, protocolVersion, answer, cancellation);

    public Task<IReadOnlyList<RefUpdate>> InspectAsync(GitCommand command, Stream? pack, CancellationToken cancellation) =>
        Task.FromResult(command.Updates);
}
