using Countersign.Core.Git;

namespace Countersign.Core.LargeFiles;

public enum LfsVerb
{
    Download,
    Upload,
    ListLocks,
    Lock,
    Unlock,
}

/// <summary>What a Git LFS request does, as people, the audit log and the digest of an approval say it.</summary>
/// <param name="Verb">What.</param>
/// <param name="Files">How many large files.</param>
/// <param name="Bytes">Their size in all.</param>
/// <param name="Subject">Of a batch a digest of all names and sizes; else the file's oid, the path to lock, or the lock's id.</param>
public sealed record LfsWork(LfsVerb Verb, int Files, long Bytes, string Subject)
{
    /// <summary>
    /// Taking away a lock that is, or may be, somebody else's. It ends their protection, so it is a question of its own: no approval
    /// of anything else covers it, and its approval covers no other write.
    /// </summary>
    public bool Forced { get; init; }

    /// <summary>Of an unlock: the file that is locked; null where that is not known here.</summary>
    public string? Path { get; init; }

    /// <summary>Of an unlock: the name of whose lock it is; null where that is not known here.</summary>
    public string? Owner { get; init; }

    /// <summary>
    /// Of an upload: the ref that the client says it is for. A claim, but one that gains nothing: a push to that ref may bring any
    /// object under the same rules, and no ref points to one without a push of its own. A lock has none, as it holds for every ref.
    /// </summary>
    public RefName? For { get; init; }

    /// <summary>
    /// Of an upload: it was told apart which push it comes before, so the approval covers that one push too, as far as it updates
    /// <see cref="For"/> alone and loses nothing. See <see cref="Policies.Grant.ThenPush"/>.
    /// </summary>
    public bool ThenPush { get; init; }

    /// <summary>Uploads, locks and unlocks write; looking at locks, before a push too, reads.</summary>
    public bool Writes => Verb is LfsVerb.Upload or LfsVerb.Lock or LfsVerb.Unlock;

    public static LfsWork Of(LfsVerb verb, string subject) => new(verb, 0, 0, subject);
}
