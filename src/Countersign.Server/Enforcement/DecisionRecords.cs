using System.Globalization;
using Countersign.Core.Audit;
using Countersign.Core.Policies;
using Countersign.Server.Audit;
using Countersign.Server.Policies;
using Countersign.Server.Storage.Sqlite;

namespace Countersign.Server.Enforcement;

/// <summary>Writes what was decided before anything moves, and what passed after it has.</summary>
internal sealed class DecisionRecords(Ledger ledger, PolicyStore policies, PushesBegun pushes, TimeProvider clock)
{
    /// <summary>
    /// Records the decision and uses the grant that it rests on, in one transaction. Null when the grant is not to be had any
    /// more: then nothing was recorded and the command must be decided anew.
    /// </summary>
    public async Task<Verdict?> DecidedAsync(IGitExchange exchange, Verdict verdict)
    {
        var now = clock.GetUtcNow();
        var record = AuditBody.Prepare(Decided(exchange, verdict, now));
        var grant = (verdict.Decision as Decision.Allow)?.Grant;
        var push = exchange.Request.Command.MovesRefs;
        var index = await ledger.WriteAsync<long?>(transaction =>
            grant is not null && !GrantStore.Use(transaction, grant, push, now) ? null : transaction.AppendPrepared(record));
        if (index is null)
        {
            return null;
        }

        pushes.Note(exchange.Request, exchange.Phase, verdict.Decision);
        return verdict with { DecisionId = index };
    }

    /// <summary>
    /// Records how it ended, and what that means for its grant. Nothing is recorded beyond the decision where there is nothing to
    /// tell: capabilities were shown, which are nothing of the repository, or somebody else carries the command and sees its end.
    /// </summary>
    /// <param name="exchange">The allowed exchange.</param>
    /// <param name="verdict">Its recorded verdict.</param>
    /// <param name="outcome">Null when forwarding failed on the way.</param>
    public Task CompletedAsync(IGitExchange exchange, Verdict verdict, ForwardOutcome? outcome)
    {
        var request = exchange.Request;
        var grant = (verdict.Decision as Decision.Allow)?.Grant;
        var tells = outcome != ForwardOutcome.HandedOver && (exchange.Phase != ExchangePhase.Capabilities || outcome is not { Succeeded: true });
        if (!tells && grant is null)
        {
            return Task.CompletedTask;
        }

        var facts = Facts(request);
        facts["decision"] = verdict.DecisionId!.Value.ToString(CultureInfo.InvariantCulture);
        facts["outcome"] = outcome is null ? "failed" : outcome.Succeeded ? "ok" : "not ok";
        if (outcome is not null)
        {
            facts["bytes_in"] = outcome.BytesIn.ToString(CultureInfo.InvariantCulture);
            facts["bytes_out"] = outcome.BytesOut.ToString(CultureInfo.InvariantCulture);
            facts["detail"] = outcome.Detail;
        }

        var now = clock.GetUtcNow();
        var record = tells ? AuditBody.Prepare(new(AuditTypes.CommandCompleted, now, request.PrincipalName) { Facts = facts }) : null;
        return ledger.WriteAsync(transaction =>
        {
            if (grant is not null)
            {
                if (request.Command.MovesRefs)
                {
                    GrantStore.PushEnded(transaction, grant, outcome is { Untouched: true });
                }

                GrantStore.Renew(transaction, grant, now);
            }

            return record is null ? -1 : transaction.AppendPrepared(record);
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
        if (exchange.HandsOver && verdict.Decision is Decision.Allow)
        {
            facts["carrier"] = "proxy";
        }

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

    private static SortedDictionary<string, string> Facts(CommandRequest request)
    {
        var facts = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["person"] = request.PrincipalId.ToString(),
            ["credential"] = request.Credential.Id,
            ["service"] = request.Command.Service.ToString(),
            ["repository"] = request.Command.Repository.ToString(),
        };
        ChallengeAudit.AddLargeFiles(facts, request.Command);
        return facts;
    }
}
