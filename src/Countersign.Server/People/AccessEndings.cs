using Countersign.Core.Identities;

namespace Countersign.Server.People;

/// <summary>Somebody's access has ended: all of it, or that of one credential.</summary>
/// <param name="Person">Whose.</param>
/// <param name="CredentialId">The token or key that ended; null when it was not one of them.</param>
/// <param name="Workspace">The workspace that the person is no member of any more; null when it is all of them.</param>
internal sealed record AccessEnded(PrincipalId Person, string? CredentialId, string? Workspace = null);

/// <summary>
/// Tells the enforcement point at once, in this process, so that what is held or running ends within a second. It is a
/// wake-up, never the truth: whoever releases a command asks the database again.
/// </summary>
internal sealed class AccessEndings
{
    private readonly Lock gate = new();
    private Action<AccessEnded>[] subscribers = [];

    public IDisposable Subscribe(Action<AccessEnded> subscriber)
    {
        lock (gate)
        {
            subscribers = [.. subscribers, subscriber];
        }

        return new Subscription(this, subscriber);
    }

    /// <summary>Every subscriber hears it, even when one before it throws.</summary>
    public void Raise(AccessEnded ended)
    {
        List<Exception>? failures = null;
        foreach (var subscriber in Volatile.Read(ref subscribers))
        {
            try
            {
                subscriber(ended);
            }
            catch (Exception failure) when (failure is not OutOfMemoryException)
            {
                (failures ??= []).Add(failure);
            }
        }

        if (failures is not null)
        {
            throw new AggregateException(failures);
        }
    }

    private void Unsubscribe(Action<AccessEnded> subscriber)
    {
        lock (gate)
        {
            subscribers = [.. subscribers.Where(other => other != subscriber)];
        }
    }

    private sealed class Subscription(AccessEndings endings, Action<AccessEnded> subscriber) : IDisposable
    {
        public void Dispose() => endings.Unsubscribe(subscriber);
    }
}
