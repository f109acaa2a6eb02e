using System.Threading.RateLimiting;
using Countersign.Core.Identities;
using Countersign.Server.Upstreams.LocalRepositories;
using Microsoft.Extensions.Options;

namespace Countersign.Server.Transports.Ssh;

/// <summary>
/// What one person, or whoever has a key of theirs, may take of what all share: commands under way, and Git's processes, which a client over SSH keeps busy
/// for as long as it likes to think.
/// </summary>
internal sealed class SshCrowd(IOptions<SshOptions> options, IOptions<RepositoriesOptions> repositories) : IDisposable
{
    private const int Share = 4;

    // They end by themselves, but for a client that does not read what it asked for.
    private const int AtTheDesk = 20;

    private readonly PartitionedRateLimiter<PrincipalId> commands = Of(options.Value.MaxSessionsPerPerson, queue: 0);
    private readonly PartitionedRateLimiter<PrincipalId> others = Of(AtTheDesk, queue: 0);
    private readonly PartitionedRateLimiter<PrincipalId> processes = Of(Math.Max(1, repositories.Value.MaxProcesses / Share), int.MaxValue);

    /// <summary>A place for a command, if there is one; disposing gives it back. Who has too many Git commands waiting can still list and approve them.</summary>
    public RateLimitLease Enter(PrincipalId person, bool isGit) => (isGit ? commands : others).AttemptAcquire(person);

    /// <summary>A place among the person's own for what is carried to Git, as soon as there is one.</summary>
    public ValueTask<RateLimitLease> CarryAsync(PrincipalId person, CancellationToken cancellation) => processes.AcquireAsync(person, 1, cancellation);

    public void Dispose()
    {
        commands.Dispose();
        others.Dispose();
        processes.Dispose();
    }

    private static PartitionedRateLimiter<PrincipalId> Of(int permits, int queue) => PartitionedRateLimiter.Create<PrincipalId, PrincipalId>(
        person => RateLimitPartition.GetConcurrencyLimiter(person, _ => new() { PermitLimit = permits, QueueLimit = queue, QueueProcessingOrder = QueueProcessingOrder.OldestFirst }));
}
