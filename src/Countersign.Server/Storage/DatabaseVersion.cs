using System.Data.Common;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Countersign.Server.Storage;

/// <summary>
/// Grows after every change of <c>countersign.db</c>, before whoever made it goes on. One gateway owns the file and changes it
/// through <see cref="GatewayDbContext"/> alone, so what was read under a version still is so while the version stands.
/// </summary>
internal sealed class DatabaseVersion : DbTransactionInterceptor, ISaveChangesInterceptor, IDbCommandInterceptor
{
    private long current;

    public long Current => Volatile.Read(ref current);

    public override void TransactionCommitted(DbTransaction transaction, TransactionEndEventData eventData) => Grow();

    public override Task TransactionCommittedAsync(DbTransaction transaction, TransactionEndEventData eventData, CancellationToken cancellationToken = default)
    {
        Grow();
        return Task.CompletedTask;
    }

    // A commit that failed may have been made all the same.
    public override void TransactionFailed(DbTransaction transaction, TransactionErrorEventData eventData) => Grow();

    public override Task TransactionFailedAsync(DbTransaction transaction, TransactionErrorEventData eventData, CancellationToken cancellationToken = default)
    {
        Grow();
        return Task.CompletedTask;
    }

    // A single statement has no transaction of its own.
    public int SavedChanges(SaveChangesCompletedEventData eventData, int result) => Grown(result);

    public ValueTask<int> SavedChangesAsync(SaveChangesCompletedEventData eventData, int result, CancellationToken cancellationToken = default) => new(Grown(result));

    public void SaveChangesFailed(DbContextErrorEventData eventData) => Grow();

    public Task SaveChangesFailedAsync(DbContextErrorEventData eventData, CancellationToken cancellationToken = default)
    {
        Grow();
        return Task.CompletedTask;
    }

    public int NonQueryExecuted(DbCommand command, CommandExecutedEventData eventData, int result) => Grown(result);

    public ValueTask<int> NonQueryExecutedAsync(DbCommand command, CommandExecutedEventData eventData, int result, CancellationToken cancellationToken = default) => new(Grown(result));

    private void Grow() => Interlocked.Increment(ref current);

    private int Grown(int result)
    {
        Grow();
        return result;
    }
}
