using System.Globalization;
using System.Security.Cryptography;
using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Core.LargeFiles;
using Countersign.Server.Storage.Sqlite;
using Microsoft.Data.Sqlite;

namespace Countersign.Server.Upstreams.LocalRepositories;

/// <summary>Somebody works on a file that cannot be merged.</summary>
/// <param name="Number">Grows; where a list goes on.</param>
/// <param name="Id">Random: a lock that was taken away and made again is another.</param>
internal sealed record LfsLock(long Number, string Id, string Path, string Owner, string OwnerName, DateTimeOffset At);

/// <summary>The locks of local repositories, in the ledger: one to a path, durable, taken by one conditional write.</summary>
internal sealed class LfsLocks(Ledger ledger, TimeProvider clock)
{
    public const int MaxPage = 1000;
    private const int Page = 100;
    private const string Columns = "number, id, path, owner, owner_name, at";

    /// <summary>The new lock, or the one that is there.</summary>
    public Task<(LfsLock Lock, bool IsNew)> CreateAsync(RepositoryPath repository, string path, PrincipalId owner, string ownerName)
    {
        var (id, now) = (Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)), clock.GetUtcNow().ToUnixTimeMilliseconds());
        return ledger.WriteAsync(transaction =>
        {
            var made = transaction.Execute(
                "INSERT INTO lfs_locks (id, repository, path, owner, owner_name, at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (repository, path) DO NOTHING",
                id, repository.ToString(), path, owner.ToString(), ownerName, now) == 1;
            return (transaction.QueryFirst($"SELECT {Columns} FROM lfs_locks WHERE repository = $1 AND path = $2", Read, repository.ToString(), path)!, made);
        });
    }

    /// <summary>Another repository may come to have the name.</summary>
    public Task ForgetAsync(RepositoryPath repository) =>
        ledger.WriteAsync(transaction => transaction.Execute("DELETE FROM lfs_locks WHERE repository = $1", repository.ToString()));

    public LfsLock? Find(RepositoryPath repository, string id) =>
        ledger.Reads.Query($"SELECT {Columns} FROM lfs_locks WHERE repository = $1 AND id = $2", Read, repository.ToString(), id).FirstOrDefault();

    /// <summary>The lock as it was, and whether it is gone; null when there is none such.</summary>
    public Task<(LfsLock Lock, bool IsGone)?> RemoveAsync(RepositoryPath repository, string id, PrincipalId person, bool force) =>
        ledger.WriteAsync<(LfsLock, bool)?>(transaction =>
        {
            var found = transaction.QueryFirst($"SELECT {Columns} FROM lfs_locks WHERE repository = $1 AND id = $2", Read, repository.ToString(), id);
            if (found is null)
            {
                return null;
            }

            return (found, (force || found.Owner == person.ToString()) && transaction.Execute("DELETE FROM lfs_locks WHERE number = $1", found.Number) == 1);
        });

    /// <summary>One page, and the cursor of the next; null when the cursor is none of ours.</summary>
    public (IReadOnlyList<LfsLock> Locks, string? Next)? List(RepositoryPath repository, LfsLockQuery query)
    {
        var after = 0L;
        if (query.Cursor is { } cursor && !long.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out after))
        {
            return null;
        }

        var limit = Math.Min(query.Limit ?? Page, MaxPage);
        var found = ledger.Reads.Query(
            $"SELECT {Columns} FROM lfs_locks WHERE repository = $1 AND number > $2 AND ($3 IS NULL OR path = $3) AND ($4 IS NULL OR id = $4) ORDER BY number LIMIT $5",
            Read, repository.ToString(), after, query.Path, query.Id, limit + 1);
        return found.Count > limit ? (found[..limit], found[limit - 1].Number.ToString(CultureInfo.InvariantCulture)) : (found, null);
    }

    private static LfsLock Read(SqliteDataReader row) => new(
        row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetString(4), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(5)));
}
