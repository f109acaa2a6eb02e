using System.Threading.RateLimiting;
using Microsoft.Extensions.Options;

namespace Countersign.Server.Upstreams.LocalRepositories;

/// <summary>Bounds the git processes that run at once. Waiting costs no thread, ends by cancellation, and is served oldest first.</summary>
internal sealed class ProcessSlots(IOptions<RepositoriesOptions> options) : IAsyncDisposable
{
    private readonly ConcurrencyLimiter _limiter = new(new()
    {
        PermitLimit = options.Value.MaxProcesses,
        QueueLimit = int.MaxValue, // who may wait at all is decided before, by the caps on held requests
        QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
    });

    /// <summary>A slot, until it is disposed.</summary>
    public async ValueTask<IDisposable> AcquireAsync(CancellationToken cancellation) => await _limiter.AcquireAsync(1, cancellation);

    public ValueTask DisposeAsync() => _limiter.DisposeAsync();
}
