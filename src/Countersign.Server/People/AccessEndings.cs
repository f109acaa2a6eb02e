using Countersign.Core.Git;
using Countersign.Core.Identities;

namespace Countersign.Server.People;

/// <summary>Somebody's access has ended: all of it, or that of one credential; or a workspace's repositories are somewhere else.</summary>
/// <param name="Person">Whose; null when it is everybody's.</param>
/// <param name="CredentialId">The token or key that ended; null when it was not one of them.</param>
/// <param name="Workspace">The workspace that the person is no member of any more; null when it is all of them.</param>
internal sealed record AccessEnded(PrincipalId? Person, string? CredentialId, string? Workspace = null)
{
    /// <summary>For everybody: what was approved was approved for another place.</summary>
    public static AccessEnded ByMoving(string workspace, string? repository = null) => new(null, null, workspace) { Repository = repository };

    /// <summary>In the workspace only this one; null for all.</summary>
    public string? Repository { get; init; }

    public bool Concerns(RepositoryPath repository) =>
        (Workspace is null || repository.Workspace == Workspace) && (Repository is null || repository.Name == Repository);
}

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
