using System.Collections.Concurrent;
using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Core.Policies;
using Countersign.Server.People;
using Countersign.Server.Storage.Sqlite;
using Microsoft.Data.Sqlite;

namespace Countersign.Server.Enforcement;

/// <summary>
/// Grants in the ledger. <see cref="Use"/> is the one way by which a grant lets a command through: a conditional write, in the
/// transaction that records the decision.
/// </summary>
internal sealed class GrantStore
{
    private readonly ConcurrentDictionary<PrincipalId, Known> people = new();
    private readonly Ledger ledger;

    public GrantStore(Ledger ledger)
    {
        this.ledger = ledger;
        ledger.GrantsChanged += person =>
        {
            if (people.TryGetValue(person, out var known))
            {
                known.Change();
            }
        };
    }

    /// <summary>The person's grants that may still be live; the rules judge them. Read anew after each change of one.</summary>
    public IReadOnlyList<Grant> Live(PrincipalId principal, DateTimeOffset now) =>
        people.GetOrAdd(principal, static _ => new()).Get(() => ledger.Reads.Query(
            """
            SELECT id, challenge, principal, credential, class, workspace || '/' || repository, network, token,
                   scope, idle_s, created, last_used, ends, push_claimed, body
            FROM grants WHERE principal = $1 AND ended = 0 AND ends > $2
            """,
            Read, principal.ToString(), now.ToUnixTimeMilliseconds()));

    public static void Insert(LedgerTransaction transaction, Challenge challenge, FactorProof proof, CommandToken? token, DateTimeOffset now)
    {
        transaction.ChangedGrantsOf(challenge.PrincipalId);
        transaction.Execute(
            """
            INSERT INTO grants (challenge, principal, credential, class, workspace, repository, network, token,
                                scope, idle_s, created, last_used, ends, push_claimed, ended, body)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12, 0, 0, $13)
            """,
            challenge.Id.Value, challenge.PrincipalId.ToString(), challenge.Credential.Id, challenge.Command.Class.ToString(),
            challenge.Command.Repository.Workspace, challenge.Command.Repository.Name, challenge.Client.Network, token?.ToString(),
            challenge.Terms.Scope.ToString(), (long)challenge.Terms.Idle.TotalSeconds, now.ToUnixTimeMilliseconds(),
            (now + challenge.Terms.Max).ToUnixTimeMilliseconds(), ChallengeJson.WriteGrant(
                proof, challenge.Command.RefsKnown ? OperationDigest.OfUpdates(challenge.Command) : null, challenge.Command.Lfs));
    }

    /// <summary>Renews the idle time; a push also claims the grant, so that no second push can use it. False when it is not to be had any more.</summary>
    public static bool Use(LedgerTransaction transaction, Grant grant, bool push, DateTimeOffset now)
    {
        transaction.ChangedGrantsOf(grant.PrincipalId);
        return transaction.Execute(
            """
            UPDATE grants SET last_used = max(last_used, $1), push_claimed = max(push_claimed, $2)
            WHERE id = $3 AND ended = 0 AND ends > $1 AND last_used + idle_s * 1000 > $1 AND ($2 = 0 OR push_claimed = 0)
            """,
            now.ToUnixTimeMilliseconds(), push ? 1 : 0, grant.Id) == 1;
    }

    /// <summary>A long transfer was a use until its end: the idle time begins anew. What has ended, or is over, stays so.</summary>
    public static void Renew(LedgerTransaction transaction, Grant grant, DateTimeOffset now)
    {
        transaction.ChangedGrantsOf(grant.PrincipalId);
        transaction.Execute("UPDATE grants SET last_used = max(last_used, $1) WHERE id = $2 AND ended = 0 AND ends > $1", now.ToUnixTimeMilliseconds(), grant.Id);
    }

    /// <summary>After a push: one that is known to have changed nothing gives the grant back for another try; any other ends it.</summary>
    public static void PushEnded(LedgerTransaction transaction, Grant grant, bool untouched)
    {
        transaction.ChangedGrantsOf(grant.PrincipalId);
        transaction.Execute("UPDATE grants SET push_claimed = 0, ended = max(ended, $1) WHERE id = $2", untouched ? 0 : 1, grant.Id);
    }

    public static void EndAll(LedgerTransaction transaction, AccessEnded over)
    {
        foreach (var person in transaction.Query(
            """
            UPDATE grants SET ended = 1
            WHERE ($1 IS NULL OR principal = $1) AND ($2 IS NULL OR credential = $2) AND ($3 IS NULL OR workspace = $3) AND ($4 IS NULL OR repository = $4) AND ended = 0
            RETURNING principal
            """,
            static row => PrincipalId.TryParse(row.GetString(0), out var id) ? id : throw Broken(),
            over.Person?.ToString(), over.CredentialId, over.Workspace, over.Repository))
        {
            transaction.ChangedGrantsOf(person);
        }
    }

    private static Grant Read(SqliteDataReader reader)
    {
        var (proof, updates, lfsOnly, forcedUnlock, thenPush) = ChallengeJson.ReadGrant(reader.GetString(14));
        return new()
        {
        Id = reader.GetInt64(0),
        ChallengeId = ChallengeId.TryParse(reader.GetString(1), out var challenge) ? challenge : throw Broken(),
        PrincipalId = PrincipalId.TryParse(reader.GetString(2), out var principal) ? principal : throw Broken(),
        CredentialId = reader.GetString(3),
        Class = Enum.Parse<OperationClass>(reader.GetString(4)),
        Repository = RepositoryPath.TryParse(reader.GetString(5), out var repository) ? repository : throw Broken(),
        Network = reader.GetString(6),
        CommandToken = reader.IsDBNull(7) ? null : CommandToken.TryParse(reader.GetString(7), out var token) ? token : throw Broken(),
        Terms = new()
        {
            Scope = Enum.Parse<GrantScope>(reader.GetString(8)),
            Idle = TimeSpan.FromSeconds(reader.GetInt64(9)),
            Max = TimeSpan.FromMilliseconds(reader.GetInt64(12) - reader.GetInt64(10)),
        },
        CreatedAt = DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(10)),
        LastUsedAt = DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(11)),
        PushClaimed = reader.GetInt64(13) != 0,
        Proof = proof,
        Updates = updates,
        LfsOnly = lfsOnly,
        ForcedUnlock = forcedUnlock,
        ThenPush = thenPush,
        };
    }

    private static InvalidDataException Broken() => new("a stored grant is broken");

    /// <summary>One person's grants as last read, and whether they still are so.</summary>
    private sealed class Known
    {
        private long changes;
        private volatile Reading? last;

        public void Change() => Interlocked.Increment(ref changes);

        public IReadOnlyList<Grant> Get(Func<IReadOnlyList<Grant>> read)
        {
            // Counted first: what changes while it is read makes this reading an old one.
            var now = Volatile.Read(ref changes);
            if (last is { } reading && reading.Changes == now)
            {
                return reading.Grants;
            }

            var grants = read();
            last = new(now, grants);
            return grants;
        }

        private sealed record Reading(long Changes, IReadOnlyList<Grant> Grants);
    }
}
