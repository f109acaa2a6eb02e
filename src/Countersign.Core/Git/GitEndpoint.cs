namespace Countersign.Core.Git;

/// <summary>The two kinds of smart HTTP request (gitprotocol-http).</summary>
public enum GitEndpoint
{
    /// <summary><c>GET {repository}/info/refs?service=SERVICE</c>.</summary>
    InfoRefs,

    /// <summary><c>POST {repository}/SERVICE</c>.</summary>
    Rpc,
}
