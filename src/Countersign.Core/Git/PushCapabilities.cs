namespace Countersign.Core.Git;

/// <summary>What a push asked for behind the NUL of its first command (gitprotocol-capabilities).</summary>
public sealed record PushCapabilities
{
    public static PushCapabilities None { get; } = new();

    /// <summary>The answer is in bands, so text can be shown.</summary>
    public bool SideBand64k { get; init; }

    /// <summary>The client reads a result for each ref, in either form of the report.</summary>
    public bool ReportStatus { get; init; }

    public bool ReportStatusV2 { get; init; }

    /// <summary>All refs or none.</summary>
    public bool Atomic { get; init; }

    /// <summary>A list of push options follows the commands.</summary>
    public bool PushOptions { get; init; }

    public bool DeleteRefs { get; init; }

    public bool Quiet { get; init; }

    /// <summary>The client's own name and version, not to be believed; null when it gave none.</summary>
    public string? Agent { get; init; }

    public ObjectFormat ObjectFormat { get; init; }

    /// <summary>
    /// Reads the list. A capability with a value counts as the capability, as it does for receive-pack itself; anything
    /// but printable ASCII is refused, because receive-pack also splits at tabs and line ends and would see more than we do.
    /// </summary>
    internal static PushCapabilities? Parse(ReadOnlySpan<char> list, out string error)
    {
        error = "";
        if (list.IndexOfAnyExceptInRange(' ', '~') >= 0)
        {
            error = "the capability list has characters that are not allowed";
            return null;
        }

        var found = None;
        var formatSeen = false;
        foreach (var range in list.Split(' '))
        {
            var entry = list[range];
            var equals = entry.IndexOf('=');
            var value = equals < 0 ? "" : entry[(equals + 1)..];
            switch (equals < 0 ? entry : entry[..equals])
            {
                case "side-band-64k": found = found with { SideBand64k = true }; break;
                case "report-status": found = found with { ReportStatus = true }; break;
                case "report-status-v2": found = found with { ReportStatus = true, ReportStatusV2 = true }; break;
                case "atomic": found = found with { Atomic = true }; break;
                case "push-options": found = found with { PushOptions = true }; break;
                case "delete-refs": found = found with { DeleteRefs = true }; break;
                case "quiet": found = found with { Quiet = true }; break;
                case "agent": found = found with { Agent = value.ToString() }; break;
                case "object-format":
                    if (formatSeen || value is not ("sha1" or "sha256"))
                    {
                        error = "the object format is not one of sha1 and sha256";
                        return null;
                    }

                    formatSeen = true;
                    found = found with { ObjectFormat = value is "sha256" ? ObjectFormat.Sha256 : ObjectFormat.Sha1 };
                    break;
            }
        }

        return found;
    }
}
