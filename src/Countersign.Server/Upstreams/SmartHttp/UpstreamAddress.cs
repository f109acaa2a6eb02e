using Countersign.Core.Git;

namespace Countersign.Server.Upstreams.SmartHttp;

/// <summary>
/// Addresses at a Git host, built from what an administrator configured and from parsed parts. No string of a client gets in,
/// and every segment is encoded anew, so that what was decided on is what is asked for.
/// </summary>
internal static class UpstreamAddress
{
    // The path is canonical as it is built; Uri must neither unescape nor compress any of it.
    private static readonly UriCreationOptions AsWritten = new() { DangerousDisablePathAndQueryCanonicalization = true };

    public static string WordOf(GitService service) => service switch
    {
        GitService.UploadPack => "git-upload-pack",
        GitService.ReceivePack => "git-receive-pack",
        _ => throw new ArgumentOutOfRangeException(nameof(service), service, "not served over HTTP"),
    };

    public static Uri InfoRefs(UpstreamPlace place, GitService service) => Of(place, $"?service={WordOf(service)}", "info", "refs");

    public static Uri Rpc(UpstreamPlace place, GitService service) => Of(place, "", WordOf(service));

    /// <summary>Below <c>info/lfs</c>: <c>objects</c>, <c>batch</c>.</summary>
    public static Uri Lfs(UpstreamPlace place, params ReadOnlySpan<string> segments) => Of(place, "", ["info", "lfs", .. segments]);

    /// <summary>The host's own base, its path and more segments, for addresses that belong to no repository.</summary>
    public static Uri Below(Uri root, params ReadOnlySpan<string> segments) => Build(root, segments, "");

    private static Uri Of(UpstreamPlace place, string query, params ReadOnlySpan<string> rest) =>
        Build(place.Upstream.Base, [.. Split(place.Upstream.Path), .. Split(place.Path), .. rest], query);

    private static Uri Build(Uri root, ReadOnlySpan<string> segments, string query)
    {
        var path = string.Concat(Split(Uri.UnescapeDataString(root.AbsolutePath)).Concat(segments.ToArray()).Select(segment => "/" + Encode(segment)));
        return new(root.GetLeftPart(UriPartial.Authority) + path + query, AsWritten);
    }

    private static string[] Split(string path) => path.Split('/', StringSplitOptions.RemoveEmptyEntries);

    private static string Encode(string segment) => segment is "" or "." or ".."
        ? throw new InvalidDataException("A path at a Git host has an empty segment or one of dots.")
        : Uri.EscapeDataString(segment);
}
