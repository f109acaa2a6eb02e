namespace Countersign.Server.Upstreams;

/// <summary>Words in the place of a Git host's name; no host is called so.</summary>
internal static class UpstreamChoice
{
    /// <summary>This machine.</summary>
    public const string Local = "local";

    public const string None = "none";
}
