using System.Globalization;
using Countersign.Core.Audit;
using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Core.Policies;
using Countersign.Server.Audit;

namespace Countersign.Server.Enforcement;

/// <summary>What the audit log says about a challenge. The page shows the same fields: one source for both.</summary>
internal static class ChallengeAudit
{
    public static AuditEvent Created(Challenge challenge)
    {
        var facts = Facts(challenge);
        facts["digest"] = challenge.Digest;
        facts["requirement"] = Words(challenge.Requirement);
        facts["expires"] = challenge.ExpiresAt.ToString("O", CultureInfo.InvariantCulture);
        facts["user_agent"] = challenge.UserAgent;
        AddUpdates(facts, challenge.Command);
        return new(AuditTypes.ChallengeCreated, challenge.CreatedAt, challenge.PrincipalName) { Facts = facts };
    }

    /// <summary>The event for a change of state; null when nothing happened that is worth a record of its own.</summary>
    public static AuditEvent? Changed(Challenge before, Challenge after, ChallengeEvent @event, string actor, DateTimeOffset now)
    {
        var facts = Facts(after);
        var type = Describe(before, after, facts);
        if (type == AuditTypes.ChallengeDenied)
        {
            AddRemote(facts, (@event as ChallengeEvent.Declined)?.Remote);
        }

        return type is null ? null : new(type, now, actor) { Facts = facts };
    }

    /// <summary>"This wasn't me", about a request that is settled already.</summary>
    public static AuditEvent Reported(Challenge challenge, RemoteAnswer? remote, string actor, DateTimeOffset now)
    {
        var facts = Facts(challenge);
        AddRemote(facts, remote);
        return new(AuditTypes.ChallengeReported, now, actor) { Facts = facts };
    }

    private static string? Describe(Challenge before, Challenge after, SortedDictionary<string, string> facts)
    {
        switch (after.State)
        {
            case ChallengeState.Approved { Proof: var proof } when before.State is ChallengeState.Pending:
                facts["digest"] = after.Digest;
                facts["factor"] = proof.Kind.ToString();
                facts["strength"] = proof.Strength.ToString();
                facts["authenticator"] = proof.Authenticator;
                AddIfAny(facts, "authenticator_id", proof.AuthenticatorId);
                AddIfAny(facts, "evidence", proof.Evidence);
                AddRemote(facts, proof.Remote);
                return AuditTypes.ChallengeApproved;
            case ChallengeState.Denied { Cause: var cause } when before.State is ChallengeState.Pending:
                facts["cause"] = cause.ToString();
                return AuditTypes.ChallengeDenied;
            case ChallengeState.Cancelled { Cause: var cause } when !before.State.IsFinal:
                facts["cause"] = cause.ToString();
                return AuditTypes.ChallengeCancelled;
            case ChallengeState.Expired when !before.State.IsFinal:
                return AuditTypes.ChallengeExpired;
            case ChallengeState.Spent when before.State is ChallengeState.Approved:
                return AuditTypes.ChallengeSpent;
            case ChallengeState.Pending when after.AwaitsNumber is { } proof && before.AwaitsNumber != proof:
                facts["factor"] = proof.Kind.ToString();
                facts["authenticator"] = proof.Authenticator;
                AddIfAny(facts, "authenticator_id", proof.AuthenticatorId);
                AddRemote(facts, proof.Remote);
                return AuditTypes.ChallengeAwaitsNumber;
            case ChallengeState.Pending when after.NumberTyped && !before.NumberTyped:
                return AuditTypes.ChallengeNumberTyped;
            default:
                return after.WrongNumbers > before.WrongNumbers ? AuditTypes.ChallengeNumberWrong : null;
        }
    }

    /// <summary>One line a ref, dangerous ones first, <c>create refs/heads/x OLD NEW</c>, and the push options.</summary>
    public static void AddUpdates(SortedDictionary<string, string> facts, GitCommand command)
    {
        if (command.RefsKnown)
        {
            facts["refs"] = string.Join('\n', RefUpdate.InOrderOfDanger(command.Updates).Select(update =>
                $"{(update.Forced == true ? "force" : update.Change.ToString().ToLowerInvariant())} {update.Name} {update.Old} {update.New}"));
        }

        if (command.PushOptions.Count > 0)
        {
            facts["push_options"] = string.Join('\n', command.PushOptions);
        }
    }

    /// <summary>For Git LFS what is done, with how many files and bytes, and to what: <c>lfs</c>, <c>lfs_files</c>, <c>lfs_bytes</c>, <c>lfs_subject</c>, for an unlock <c>lfs_path</c> and <c>lfs_owner</c>, for an upload <c>lfs_for</c> and, where its approval covers that push too, <c>lfs_then_push</c>.</summary>
    public static void AddLargeFiles(SortedDictionary<string, string> facts, GitCommand command)
    {
        if (command.Lfs is not { } work)
        {
            return;
        }

        facts["lfs"] = work.Forced ? $"{work.Verb} forced" : work.Verb.ToString();
        facts["lfs_subject"] = work.Subject;
        AddIfAny(facts, "lfs_path", work.Path);
        AddIfAny(facts, "lfs_owner", work.Owner);
        AddIfAny(facts, "lfs_for", work.For?.Value);
        AddIfAny(facts, "lfs_then_push", work.ThenPush ? work.For?.Value : null);
        if (work.Files > 0)
        {
            facts["lfs_files"] = work.Files.ToString(CultureInfo.InvariantCulture);
            facts["lfs_bytes"] = work.Bytes.ToString(CultureInfo.InvariantCulture);
        }
    }

    private static SortedDictionary<string, string> Facts(Challenge challenge)
    {
        var facts = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["challenge"] = challenge.Id.Value,
            ["person"] = challenge.PrincipalId.ToString(),
            ["credential"] = challenge.Credential.Id,
            ["service"] = challenge.Command.Service.ToString(),
            ["repository"] = challenge.Command.Repository.ToString(),
            ["client"] = challenge.Client.ToString(),
        };
        AddLargeFiles(facts, challenge.Command);
        return facts;
    }

    private static void AddRemote(SortedDictionary<string, string> facts, RemoteAnswer? remote)
    {
        AddIfAny(facts, "txid", remote?.Transaction);
        AddIfAny(facts, "device", remote?.Device);
    }

    private static void AddIfAny(SortedDictionary<string, string> facts, string name, string? value)
    {
        if (value is not null)
        {
            facts[name] = value;
        }
    }

    private static string Words(FactorRequirement requirement) =>
        string.Join(' ', new[] { requirement.Strength.ToString() }
            .Concat(requirement.Kinds.Select(kind => kind.ToString()).Order(StringComparer.Ordinal))
            .Concat(requirement.Models.Select(model => model.ToString()).Order(StringComparer.Ordinal))
            .Concat(requirement.Number ? ["Number"] : []));
}
