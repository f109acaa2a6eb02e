using Countersign.Core.Git;
using Countersign.Server.Upstreams;

namespace Countersign.Server.Transports.ForwardAuth;

/// <summary>
/// What is decided must be what the proxy sends, and here nothing can be rewritten: the client's own spelling goes to the Git
/// host. So a repository has the spellings that certainly mean it, with or without <c>.git</c>, and no other: what differs in
/// case could be another repository to a host that tells cases apart. Where the repository has a place at a known host, the
/// address must lead to that place: a workspace need not be called as its folder, and another's folder may be called as it.
/// </summary>
internal static class CanonicalTarget
{
    /// <param name="target">The request target as the proxy will send it.</param>
    /// <param name="endOfRepository">What follows the repository in it.</param>
    /// <param name="repository">What it was read as.</param>
    /// <param name="place">Where the repository is; null for this machine.</param>
    public static bool IsSpelledSo(string target, string endOfRepository, RepositoryPath repository, UpstreamPlace? place)
    {
        if (!target.EndsWith(endOfRepository, StringComparison.Ordinal))
        {
            return false;
        }

        var spelled = WithoutGit(target[..^endOfRepository.Length]);
        var named = spelled == $"/scm/{repository}"
            || spelled == $"/scm/{repository.Workspace.ToLowerInvariant()}/{repository.Name}"; // as Bitbucket shows its addresses
        if (place is null)
        {
            return named;
        }

        var (mounted, there) = (Under(place.Upstream.Mount, place), Under(place.Upstream.Base.AbsolutePath.TrimEnd('/') + place.Upstream.Path, place));
        return spelled == mounted
            || (named && (spelled.Equals(mounted, StringComparison.OrdinalIgnoreCase) || spelled.Equals(there, StringComparison.OrdinalIgnoreCase)));
    }

    private static string? Under(string? prefix, UpstreamPlace place) => prefix is null ? null : $"{prefix}/{WithoutGit(place.Path)}";

    private static string WithoutGit(string path) => path.EndsWith(".git", StringComparison.Ordinal) ? path[..^4] : path;
}
