namespace Countersign.Core.Git;

public enum RefChange
{
    Create,
    Update,
    Delete,
}

/// <summary>One line of a push: the ref goes from the old id to the new id (gitprotocol-pack, "Reference Update Request").</summary>
/// <param name="Old">The id that the client believes the ref has; all zeros to create it.</param>
/// <param name="New">The id that the ref shall have; all zeros to delete it.</param>
/// <param name="Name">The full name, for example <c>refs/heads/main</c>.</param>
public sealed record RefUpdate(ObjectId Old, ObjectId New, RefName Name)
{
    /// <summary>Zero to zero deletes: git-receive-pack takes it for the deletion of a broken ref, and deletes without comparing the old id.</summary>
    public RefChange Change => New.IsZero ? RefChange.Delete : Old.IsZero ? RefChange.Create : RefChange.Update;

    /// <summary>True when the old commit is not an ancestor of the new one; null while nobody has looked.</summary>
    public bool? Forced { get; init; }

    /// <summary>What loses something comes first: deleted, then forced, then the rest as the client gave it. Pages, API and audit log all list refs so.</summary>
    public static IEnumerable<RefUpdate> InOrderOfDanger(IEnumerable<RefUpdate> updates) =>
        updates.OrderBy(update => update.Change == RefChange.Delete ? 0 : update.Forced == true ? 1 : 2);

    /// <summary>Commits that the update adds; null while nobody has looked.</summary>
    public int? Commits { get; init; }
}
