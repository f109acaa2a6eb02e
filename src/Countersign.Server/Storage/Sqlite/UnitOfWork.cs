namespace Countersign.Server.Storage.Sqlite;

/// <summary>One caller's work and the promise that it is on disk.</summary>
internal abstract class UnitOfWork
{
    /// <summary>Runs the work; its answer is kept until <see cref="Complete"/>.</summary>
    public abstract void Run(LedgerTransaction transaction);

    /// <summary>The commit is durable.</summary>
    public abstract void Complete();

    public abstract void Fail(Exception exception);
}

internal sealed class UnitOfWork<T>(Func<LedgerTransaction, T> work) : UnitOfWork
{
    // Continuations must never run on the writer thread: they would hold up everybody's commits, or wait for one themselves.
    private readonly TaskCompletionSource<T> completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private T? answer;

    public Task<T> Completion => completion.Task;

    public override void Run(LedgerTransaction transaction) => answer = work(transaction);

    public override void Complete() => completion.TrySetResult(answer!);

    public override void Fail(Exception exception) => completion.TrySetException(exception);
}
