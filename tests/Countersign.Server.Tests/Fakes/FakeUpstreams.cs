using Countersign.Core.Identities;
using Countersign.Server.People;
using Countersign.Server.Upstreams;

namespace Countersign.Server.Tests.Fakes;

/// <summary>No Git hosts: everything is on this machine.</summary>
internal sealed class FakeUpstreams : IUpstreamDesk
{
    private static readonly Refusal None = new("no_such_upstream", "There is no such Git host.");

    public Task<IReadOnlyList<UpstreamSummary>> ListAsync(CancellationToken cancellation) => Task.FromResult<IReadOnlyList<UpstreamSummary>>([]);

    public Task<UpstreamSummary?> FindAsync(string name, CancellationToken cancellation) => Task.FromResult<UpstreamSummary?>(null);

    public Task<Result<UpstreamSummary>> AddAsync(UpstreamInput input, string actor, CancellationToken cancellation) =>
        Task.FromResult<Result<UpstreamSummary>>(
            UpstreamRules.Read(input) is { Value: { } definition } ? new UpstreamSummary(definition, [], 0, UpstreamState.Unknown) : UpstreamRules.Read(input).Refusal!);

    public Task<Result<UpstreamSummary>> SetAsync(string name, UpstreamChange change, string actor, CancellationToken cancellation) => Task.FromResult<Result<UpstreamSummary>>(None);

    public Task<Result<UpstreamDefinition>> RemoveAsync(string name, string actor, CancellationToken cancellation) => Task.FromResult<Result<UpstreamDefinition>>(None);

    public Task<Result<UpstreamFinding>> CheckAsync(string name, string? repository, CancellationToken cancellation) => Task.FromResult<Result<UpstreamFinding>>(None);

    public Task<Result<UpstreamFolder?>> MoveAsync(string workspace, string upstream, string? folder, string actor, CancellationToken cancellation) =>
        Task.FromResult<Result<UpstreamFolder?>>(None);

    public Task<int> LiftAsync(PrincipalId person, string actor) => Task.FromResult(0);

    public Result<UpstreamFolder?> Choose(string? upstream, string? folder, string key) => default;
}
