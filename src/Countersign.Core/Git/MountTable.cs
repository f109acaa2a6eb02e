namespace Countersign.Core.Git;

/// <summary>A prefix under which a workspace's repositories are served, besides <c>/scm/KEY</c>.</summary>
/// <param name="Prefix">Begins with a slash and ends without one: <c>/git/group/sub</c>; "" for the root.</param>
/// <param name="Workspace">The canonical key.</param>
public sealed record Mount(string Prefix, string Workspace);

/// <summary>
/// The prefixes that lead to repositories. Every spelling below a mount maps to the one canonical name, so that the same
/// repository has one policy and one approval whichever address was used.
/// </summary>
public sealed class MountTable(IReadOnlyList<Mount> mounts)
{
    public static readonly MountTable None = new([]);

    private readonly (string[] Segments, string Workspace)[] mounts =
    [
        .. mounts.Select(mount => (mount.Prefix.Split('/', StringSplitOptions.RemoveEmptyEntries), mount.Workspace)).OrderByDescending(mount => mount.Item1.Length),
    ];

    /// <summary>The repository that the segments begin with, and how many segments name it; null when they name none.</summary>
    /// <param name="segments">Of the path, after its leading slash.</param>
    public (RepositoryPath Repository, int Length)? Find(ReadOnlySpan<string> segments)
    {
        foreach (var (prefix, workspace) in mounts)
        {
            if (segments.Length > prefix.Length
                && segments.StartsWith(prefix, StringComparer.OrdinalIgnoreCase)
                && RepositoryPath.TryParse($"{workspace}/{segments[prefix.Length]}", out var repository))
            {
                return (repository, prefix.Length + 1);
            }
        }

        return null;
    }
}
