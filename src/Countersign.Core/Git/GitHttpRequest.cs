using Countersign.Core.Challenges;
using Countersign.Core.LargeFiles;

namespace Countersign.Core.Git;

/// <summary>
/// What an HTTP request is to Git. Read once from the raw request target, before anything decodes or normalises it; the
/// answer is used for the decision and for the far side, and the client's own spelling goes no further.
/// </summary>
public abstract record GitHttpRequest
{
    private GitHttpRequest()
    {
    }

    /// <summary>The per-command key where the request came through <c>/w/TOKEN/...</c>.</summary>
    public CommandToken? Token { get; init; }

    /// <summary>A smart HTTP request for a well-formed repository name.</summary>
    public sealed record Valid(GitEndpoint Endpoint, GitService Service, RepositoryPath Repository) : GitHttpRequest;

    /// <summary>A Git LFS request (<c>{repository}/info/lfs/...</c>); what it asks may stand in its document.</summary>
    public sealed record Lfs(LfsCall Call, RepositoryPath Repository) : GitHttpRequest;

    /// <summary>Everything else. The reason is one line for the person.</summary>
    /// <param name="Status">400, 403, 404, 405 or 415.</param>
    public sealed record Refused(int Status, string Reason) : GitHttpRequest;

    /// <summary>Never throws and never guesses: what is not exactly a known request is refused.</summary>
    /// <param name="method">As received; methods are case-sensitive (RFC 9110 9.1).</param>
    /// <param name="rawTarget">The request target as received, undecoded.</param>
    /// <param name="contentType">The Content-Type header as received.</param>
    /// <param name="mounts">Where repositories are served besides <c>/scm/KEY/name</c>.</param>
    public static GitHttpRequest Parse(string method, string rawTarget, string? contentType, MountTable mounts) =>
        GitHttpClassifier.Classify(method, rawTarget, contentType, mounts);

    /// <summary>
    /// True for targets that are Git's to answer, if only with a refusal: all below <c>/scm/</c> and <c>/w/</c>, and below a mount
    /// what ends as Git's requests do. The web has no such addresses.
    /// </summary>
    public static bool Owns(string rawTarget, MountTable mounts) => GitHttpClassifier.Owns(rawTarget, mounts);
}
