using System.Buffers;
using Countersign.Core.Git;

namespace Countersign.Server.Upstreams;

/// <summary>
/// Paths at Git hosts, in the plain alphabet in which every server reads them the same way: no escapes, no dot segments,
/// no empty segments. What is not plain is refused when it is written down, so nothing is left to clean later.
/// </summary>
internal static class UpstreamPaths
{
    private const int MaxLength = 512;
    private const string Suffix = ".git";

    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/");

    /// <summary>A folder, which may be the root: "" or <c>group/sub</c>. Outer slashes do not count.</summary>
    public static bool TryFolder(string text, out string folder)
    {
        folder = text.Trim('/');
        return folder.Length == 0 || (IsPlain(folder) && folder.Split('/').All(segment => !segment.EndsWith(Suffix, StringComparison.OrdinalIgnoreCase)));
    }

    /// <summary>A prefix: "" or <c>/scm</c>.</summary>
    public static bool TryPrefix(string text, out string prefix)
    {
        var valid = TryFolder(text, out var folder);
        prefix = folder.Length == 0 ? "" : "/" + folder;
        return valid;
    }

    /// <summary>A repository: <c>group/Core.git</c>. Without a suffix it stays without.</summary>
    public static bool TryRepository(string text, out string path)
    {
        path = text.Trim('/');
        return path.Length > Suffix.Length && TryFolder(WithoutSuffix(path), out var bare) && bare.Length > 0 && IsPlain(path);
    }

    public static string Below(string folder, string name) => folder.Length > 0 ? $"{folder}/{name}" : name;

    /// <summary>
    /// One spelling for all addresses that lead to the same repository at a host: no scheme, no usual port, lower case, no
    /// <c>.git</c>. Hosts that tell cases apart lose nothing but the second of two names that differ in case alone.
    /// </summary>
    public static string Address(UpstreamDefinition upstream, string path)
    {
        var host = upstream.Base.IdnHost.TrimEnd('.');
        var port = upstream.Base.IsDefaultPort || upstream.Base.Port is 80 or 443 ? "" : $":{upstream.Base.Port}";
        var whole = $"{host}{port}{upstream.Base.AbsolutePath.TrimEnd('/')}{upstream.Path}/{WithoutSuffix(path)}";
        return whole.TrimEnd('/').ToLowerInvariant();
    }

    /// <summary>The name under which a workspace would serve, unregistered, what is in its folder as <paramref name="last"/>; null when no name leads there.</summary>
    public static RepositoryPath? NameOf(string workspace, string last) =>
        RepositoryPath.TryParse($"{workspace}/{last}", out var path) ? path : null;

    private static string WithoutSuffix(string path) => path.EndsWith(Suffix, StringComparison.OrdinalIgnoreCase) ? path[..^Suffix.Length] : path;

    private static bool IsPlain(string path) =>
        path.Length <= MaxLength
        && path.AsSpan().IndexOfAnyExcept(Allowed) < 0
        && path.Split('/').All(segment => segment.Length > 0 && segment[0] != '.');
}
