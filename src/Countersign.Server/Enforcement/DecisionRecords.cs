using System.Globalization;
using Countersign.Core.Audit;
using Countersign.Core.Policies;
using Countersign.Server.Audit;
using Countersign.Server.Policies;
using Countersign.Server.Storage.Sqlite;

namespace Countersign.Server.Enforcement;

/// <summary>Writes what was decided before anything moves, and what passed after it has.</summary>
internal sealed class DecisionRecords(Ledger ledger, PolicyStore policies, TimeProvider clock)
{
    /// <summary>
    /// Records the decision and uses the grant that it rests on, in one transaction. Null when the grant is not to be had any
    /// more: then nothing was recorded and the command must be decided anew.
    /// </summary>
    public async Task<Verdict?> DecidedAsync(IGitExchange exchange, Verdict verdict)
    {
        var now = clock.GetUtcNow();
        var record = Decided(exchange, verdict, now);
        var grant = (verdict.Decision as Decision.Allow)?.Grant;
        var push = exchange.Request.Command.MovesRefs;
        var index = await ledger.WriteAsync<long?>(transaction =>
            grant is not null && !GrantStore.Use(transaction, grant, push, now) ? null : transaction.Append(record));
        return index is null ? null : verdict with { DecisionId = index };
    }

    /// <param name="request">The allowed request.</param>
    /// <param name="verdict">Its recorded verdict.</param>
    /// <param name="outcome">Null when forwarding failed on the way.</param>
    public Task CompletedAsync(CommandRequest request, Verdict verdict, ForwardOutcome? outcome)
    {
        var facts = Facts(request);
        facts["decision"] = verdict.DecisionId!.Value.ToString(CultureInfo.InvariantCulture);
        facts["outcome"] = outcome is null ? "failed" : outcome.Succeeded ? "ok" : "not ok";
        if (outcome is not null)
        {
            facts["bytes_in"] = outcome.BytesIn.ToString(CultureInfo.InvariantCulture);
            facts["bytes_out"] = outcome.BytesOut.ToString(CultureInfo.InvariantCulture);
            facts["detail"] = outcome.Detail;
        }

        var record = new AuditEvent(AuditTypes.CommandCompleted, clock.GetUtcNow(), request.PrincipalName) { Facts = facts };
        var grant = request.Command.MovesRefs ? (verdict.Decision as Decision.Allow)?.Grant : null;
        return ledger.WriteAsync(transaction =>
        {
            if (grant is not null)
            {
                GrantStore.PushEnded(transaction, grant, outcome is { Untouched: true });
            }

            return transaction.Append(record);
        });
    }

    private AuditEvent Decided(IGitExchange exchange, Verdict verdict, DateTimeOffset now)
    {
        var facts = Facts(exchange.Request);
        facts["phase"] = exchange.Phase.ToString();
        facts["outcome"] = verdict.Decision is Decision.Allow ? "allow" : "deny";
        facts["reason"] = verdict.Decision.Reason.Code.ToString();
        facts["policy"] = policies.Current.Digest;
        facts["client"] = exchange.Request.Client.ToString();
        facts["user_agent"] = exchange.Request.UserAgent;
        if (verdict.Decision.Reason.Rule is { } rule)
        {
            facts["rule"] = rule;
        }

        if (verdict.Decision is Decision.Allow { Grant: { } grant })
        {
            facts["grant"] = grant.Id.ToString(CultureInfo.InvariantCulture);
            facts["challenge"] = grant.ChallengeId.Value;
        }
        else if (verdict.Challenge is { } challenge)
        {
            facts["challenge"] = challenge.Value;
        }

        if (verdict.Decision is Decision.Allow { WouldHaveBeen: { } would })
        {
            facts["would_have_been"] = $"{would.GetType().Name} {would.Reason}";
        }

        ChallengeAudit.AddUpdates(facts, exchange.Request.Command);
        return new(AuditTypes.CommandDecided, now, exchange.Request.PrincipalName) { Facts = facts };
    }

    private static SortedDictionary<string, string> Facts(CommandRequest request) => new(StringComparer.Ordinal)
    {
        ["person"] = request.PrincipalId.ToString(),
        ["credential"] = request.Credential.Id,
        ["service"] = request.Command.Service.ToString(),
        ["repository"] = request.Command.Repository.ToString(),
    };
}
