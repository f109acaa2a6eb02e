using Countersign.Server.Upstreams;

namespace Countersign.Server.Web.Pages;

/// <summary>The fields of <see cref="UpstreamInput"/> as a form sends them: what was left empty was not said.</summary>
internal sealed class UpstreamForm
{
    public string? Name { get; set; }

    public string? Kind { get; set; } = "smart-http";

    public string? Base { get; set; }

    /// <summary>Not the people's own at first: where any name goes with a token, whose it is must be said too.</summary>
    public string? Credentials { get; set; } = "service";

    public string? User { get; set; }

    public string? Secret { get; set; }

    public bool InsecureHttp { get; set; }

    public string? Identity { get; set; }

    /// <summary>On each line <c>THEIRS=OURS</c>.</summary>
    public string? People { get; set; }

    public string? Path { get; set; }

    public string? Mount { get; set; }

    public string? Workspaces { get; set; }

    public string? Proxy { get; set; }

    public string? Lfs { get; set; } = "rewritten";

    public bool KeepHost { get; set; }

    /// <summary>False when a line is no pair, or names somebody twice.</summary>
    public bool TryMap(out Dictionary<string, string> people)
    {
        people = [];
        foreach (var line in (People ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (line.Split('=', 2, StringSplitOptions.TrimEntries) is not [var theirs, var ours] || !people.TryAdd(theirs, ours))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Fields that belong to another choice of credentials are not looked at: the form hides them.</summary>
    public UpstreamInput Input(IReadOnlyDictionary<string, string> people, IReadOnlyList<string>? workspaces)
    {
        var (service, passed) = (Credentials == "service", Credentials == "passed");
        return new(
            Said(Name) ?? "", Said(Kind) ?? "", Said(Base) ?? "", Said(Path), Said(Mount), Said(Credentials) ?? "",
            service ? Said(User) : null, service && !string.IsNullOrEmpty(Secret) ? Secret : null, KeepHost,
            Proxy: Said(Proxy), Lfs: Said(Lfs) ?? "", Identity: passed ? Said(Identity) : null, People: passed ? people : null,
            Workspaces: workspaces, InsecureHttp: InsecureHttp);
    }

    private static string? Said(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();
}
