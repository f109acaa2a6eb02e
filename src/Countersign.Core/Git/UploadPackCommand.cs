namespace Countersign.Core.Git;

/// <summary>What one upload-pack request asks for.</summary>
public enum UploadPackCommand
{
    /// <summary>Only a flush: asks whether it may read at all. Git sends it before a big request.</summary>
    Probe,

    /// <summary>Version 2 <c>ls-refs</c>.</summary>
    LsRefs,

    /// <summary>Version 2 <c>fetch</c>, or the only request there is in versions 0 and 1.</summary>
    Fetch,

    /// <summary>Version 2 <c>object-info</c>.</summary>
    ObjectInfo,
}
