using Countersign.Core.Identities;
using Microsoft.Data.Sqlite;

namespace Countersign.Server.Storage.Sqlite;

/// <summary>How a group ended.</summary>
/// <param name="AuditSize">The size of the audit log when the group added to it.</param>
/// <param name="Failure">Why nothing could be recorded.</param>
internal readonly record struct GroupOutcome(long? AuditSize, LedgerUnavailableException? Failure);

/// <summary>
/// Runs a group of units in one transaction. When one throws, the whole group is rolled back and run again with each unit
/// behind its own savepoint, so that only the guilty one fails. Trouble with the file fails everybody, and the connection is
/// given up: the next group opens a new one, which is how the ledger recovers by itself.
/// </summary>
internal sealed class GroupCommit(LedgerFile file, ReadOnlyMemory<byte> sealKey, Action<PrincipalId> grantsChanged)
{
    private LedgerConnection? connection;

    public GroupOutcome Run(IReadOnlyList<UnitOfWork> group)
    {
        try
        {
            connection ??= LedgerConnection.Open(file);
            var transaction = RunTogether(connection, group) ?? RunApart(connection, group);
            return new(transaction.NewSize, null);
        }
        catch (Exception e)
        {
            GiveUp();
            var failure = e as LedgerUnavailableException ?? new LedgerUnavailableException($"The ledger {file.Path} cannot be written: {e.Message}", e);
            foreach (var unit in group)
            {
                unit.Fail(failure);
            }

            return new(null, failure);
        }
    }

    /// <summary>Leaves one complete file behind, where the disk allows it.</summary>
    public void Close()
    {
        try
        {
            connection?.Run("PRAGMA wal_checkpoint(TRUNCATE)");
        }
        catch (SqliteException)
        {
            // The WAL keeps what could not be moved; the next start reads it.
        }

        GiveUp();
    }

    private void GiveUp()
    {
        connection?.Dispose();
        connection = null;
    }

    /// <returns>The committed transaction, or null when a unit threw and all was rolled back.</returns>
    private LedgerTransaction? RunTogether(LedgerConnection open, IReadOnlyList<UnitOfWork> group)
    {
        var transaction = Begin(open);
        foreach (var unit in group)
        {
            try
            {
                unit.Run(transaction);
            }
            catch (Exception e) when (IsUnits(open, e))
            {
                transaction.Close();
                open.Run("ROLLBACK");
                return null;
            }
        }

        Commit(open, transaction, group);
        return transaction;
    }

    private LedgerTransaction RunApart(LedgerConnection open, IReadOnlyList<UnitOfWork> group)
    {
        var transaction = Begin(open);
        var good = new List<UnitOfWork>();
        var guilty = new List<(UnitOfWork Unit, Exception Why)>();
        foreach (var unit in group)
        {
            var mark = transaction.Mark();
            open.Run("SAVEPOINT unit");
            try
            {
                unit.Run(transaction);
                good.Add(unit);
            }
            catch (Exception e) when (IsUnits(open, e))
            {
                open.Run("ROLLBACK TO unit");
                transaction.Return(mark);
                guilty.Add((unit, e));
            }

            open.Run("RELEASE unit");
        }

        Commit(open, transaction, good);
        foreach (var (unit, why) in guilty)
        {
            unit.Fail(why);
        }

        return transaction;
    }

    private LedgerTransaction Begin(LedgerConnection open)
    {
        open.Run("BEGIN IMMEDIATE");
        return new(open, sealKey);
    }

    private void Commit(LedgerConnection open, LedgerTransaction transaction, IReadOnlyList<UnitOfWork> units)
    {
        transaction.WriteHead();
        transaction.Close();
        try
        {
            open.Run("COMMIT");
        }
        finally
        {
            // Before anybody goes on; and when it failed, since it may have been made all the same.
            foreach (var person in transaction.GrantsChanged)
            {
                grantsChanged(person);
            }
        }

        foreach (var unit in units)
        {
            unit.Complete();
        }
    }

    /// <summary>The unit's own fault: the file is well and the transaction still stands.</summary>
    private static bool IsUnits(LedgerConnection open, Exception exception) => !StorageErrors.Is(exception) && open.InTransaction;
}
