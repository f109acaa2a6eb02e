using Countersign.Core.Audit;
using Countersign.Core.Challenges;
using Countersign.Core.Identities;
using Countersign.Core.Policies;
using Countersign.Server.Api;
using Countersign.Server.Audit;
using Countersign.Server.Enforcement;
using Countersign.Server.Policies;

namespace Countersign.Server.Tests.Fakes;

/// <summary>Requests in memory; answers what the test has put in.</summary>
internal sealed class FakeRequests : IRequestDesk
{
    public List<Challenge> All { get; } = [];

    public ApprovalResult Answer { get; set; } = new(ApprovalOutcome.NotFound);

    public ApprovalInput? LastInput { get; private set; }

    public bool? LastReported { get; private set; }

    public Challenge? Find(ChallengeId id) => All.FirstOrDefault(challenge => challenge.Id == id);

    public IReadOnlyList<Challenge> List(PrincipalId person, int limit) => [.. All.Where(challenge => challenge.PrincipalId == person)];

    public IReadOnlyList<Challenge> ListAll(int limit) => All;

    public Task<string?> AssertionOptionsAsync(Principal principal, ChallengeId id, CancellationToken cancellation) =>
        Task.FromResult(Find(id)?.PrincipalId == principal.Id ? """{"challenge":"DDDD"}""" : null);

    public Task<ApprovalResult> ApproveAsync(Principal principal, ChallengeId id, ApprovalInput input, CancellationToken cancellation)
    {
        LastInput = input;
        return Task.FromResult(Answer);
    }

    public AskOutcome Asked { get; set; } = AskOutcome.NotPossible;

    public AskOutcome Ask(Principal principal, Challenge challenge, FactorKind kind) => Asked;

    public IReadOnlyList<string> SaidOf(ChallengeId id) => [];

    public Task<ApprovalResult> DenyAsync(Principal principal, ChallengeId id, bool reported, CancellationToken cancellation)
    {
        LastReported = reported;
        return Task.FromResult(Answer);
    }
}

internal sealed class FakePolicy : IPolicyDesk
{
    public PolicySet Current { get; } = new(Mode.Enforce, []);

    public string Text => "mode: enforce\n";

    public IReadOnlyList<PolicyError> Errors { get; set; } = [];

    public Task<IReadOnlyList<PolicyError>> ApplyAsync(string yaml, string actor) => Task.FromResult(Errors);
}

internal sealed class FakeAudit : IAuditDesk
{
    public async IAsyncEnumerable<AuditRecord> ReadAsync(
        DateTimeOffset? since, int limit, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        await Task.CompletedTask;
        yield return new(0, default, new("gateway.started", new(2026, 11, 22, 11, 0, 0, TimeSpan.Zero), "system"));
    }

    public Task ExportAsync(TextWriter writer, AuditFormat format, DateTimeOffset? since, CancellationToken cancellation) =>
        writer.WriteAsync("{}\n");

    public Task<string> CheckpointAsync() => Task.FromResult("note\n");

    public Task<AuditVerification> VerifyAsync(string? against, CancellationToken cancellation) =>
        Task.FromResult(new AuditVerification(true, 1, "", null, "All 1 records are right."));
}
