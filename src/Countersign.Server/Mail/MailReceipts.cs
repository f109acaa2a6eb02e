using System.Collections.Concurrent;

namespace Countersign.Server.Mail;

/// <summary>
/// Who waits, without a thread, to hear what became of a mail: the sender tells. Nothing of it outlives the process; the mail does.
/// </summary>
internal sealed class MailReceipts
{
    private readonly ConcurrentDictionary<long, MailReceipt> waiting = new();

    /// <summary>Dispose it, whatever was told.</summary>
    public MailReceipt Expect() => new(this);

    /// <param name="mail">Its id in the outbox.</param>
    /// <param name="why">In a few words, why it was not taken; null when it was.</param>
    public void Tell(long mail, string? why)
    {
        if (waiting.TryGetValue(mail, out var receipt))
        {
            receipt.Tell(why);
        }
    }

    /// <summary>None is taken for now.</summary>
    public void TellAll(string why)
    {
        foreach (var (_, receipt) in waiting)
        {
            receipt.Tell(why);
        }
    }

    internal void Add(long mail, MailReceipt receipt) => waiting[mail] = receipt;

    internal void Remove(long mail, MailReceipt receipt) => waiting.TryRemove(new(mail, receipt));
}

/// <summary>What is heard of one mail: the first thing that comes of it.</summary>
internal sealed class MailReceipt(MailReceipts receipts) : IDisposable
{
    private readonly TaskCompletionSource<string?> told = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long? mail;

    /// <summary>Null when the server has taken it; else why it has not, or not yet.</summary>
    public Task<string?> Told => told.Task;

    /// <summary>Says which mail, within the transaction that adds it, so that nothing is told before somebody listens. A transaction that is run again adds another.</summary>
    public void Of(long added)
    {
        Dispose();
        mail = added;
        receipts.Add(added, this);
    }

    public void Dispose()
    {
        if (mail is { } known)
        {
            receipts.Remove(known, this);
        }
    }

    internal void Tell(string? why) => told.TrySetResult(why);
}
