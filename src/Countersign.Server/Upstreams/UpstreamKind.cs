namespace Countersign.Server.Upstreams;

/// <summary>What is usual for a kind of Git host, so that an administrator need not say it. All of them speak Git's smart HTTP.</summary>
/// <param name="Path">Where repositories begin.</param>
/// <param name="Identity">Where the name behind a passed credential comes from; null where nothing can be assumed.</param>
internal sealed record UpstreamKind(string Path, string? Identity)
{
    private static readonly Dictionary<string, UpstreamKind> Known = new(StringComparer.Ordinal)
    {
        ["smart-http"] = new("", "name"),

        // Bitbucket Data Center serves /scm/KEY/REPO.git, and names who asked in each answer.
        ["bitbucket-dc"] = new("/scm", "header:X-AUSERNAME"),

        // Bitbucket Cloud serves /WORKSPACE/REPO.git. Its API tokens come with one fixed user name, and its address that tells
        // whose they are is on another host: nothing that could be assumed.
        ["bitbucket-cloud"] = new("", null),
    };

    public static UpstreamKind? Find(string word) => Known.GetValueOrDefault(word);
}
