namespace Countersign.Core.Git;

/// <summary>The hash of a repository's object ids; one repository has one (git-init, <c>--object-format</c>).</summary>
public enum ObjectFormat
{
    Sha1,
    Sha256,
}
