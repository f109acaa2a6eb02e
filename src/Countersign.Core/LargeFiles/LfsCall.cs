namespace Countersign.Core.LargeFiles;

/// <summary>The requests of Git LFS below <c>{repository}/info/lfs</c> that are served.</summary>
public enum LfsEndpoint
{
    /// <summary><c>POST objects/batch</c>; its document says whether it reads or writes.</summary>
    Batch,

    /// <summary><c>GET objects/OID</c>, with a transfer token.</summary>
    Download,

    /// <summary><c>PUT objects/OID</c>, with a transfer token.</summary>
    Upload,

    /// <summary><c>POST objects/OID/verify</c>, with the token of the upload.</summary>
    VerifyObject,

    /// <summary><c>GET locks</c>.</summary>
    ListLocks,

    /// <summary><c>POST locks</c>.</summary>
    CreateLock,

    /// <summary><c>POST locks/verify</c>.</summary>
    VerifyLocks,

    /// <summary><c>POST locks/ID/unlock</c>.</summary>
    Unlock,
}

/// <summary>One Git LFS request as far as its head says.</summary>
public sealed record LfsCall(LfsEndpoint Endpoint)
{
    /// <summary>Characters of a lock's id.</summary>
    public const int MaxLockId = 128;

    /// <summary>For an object's own requests.</summary>
    public LfsOid? Oid { get; init; }

    /// <summary>For <see cref="LfsEndpoint.Unlock"/>.</summary>
    public string? LockId { get; init; }

    /// <summary>For <see cref="LfsEndpoint.ListLocks"/>.</summary>
    public LfsLockQuery? Query { get; init; }
}
