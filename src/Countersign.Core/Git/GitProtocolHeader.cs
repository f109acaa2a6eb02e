namespace Countersign.Core.Git;

/// <summary>
/// The protocol version that a client asks for in the <c>Git-Protocol</c> header or the <c>GIT_PROTOCOL</c> variable:
/// a colon-separated list of keys (gitprotocol-http, "Git-Protocol header").
/// </summary>
public static class GitProtocolHeader
{
    private const int MaxLength = 256;

    /// <summary>The highest of <c>version=0</c>, <c>1</c> and <c>2</c> that is in the list; 0 for anything else. Never fails.</summary>
    public static int Parse(string? value)
    {
        if (value is null or { Length: > MaxLength })
        {
            return 0;
        }

        var highest = 0;
        foreach (var range in value.AsSpan().Split(':'))
        {
            highest = Math.Max(highest, value.AsSpan(range) switch { "version=2" => 2, "version=1" => 1, _ => 0 });
        }

        return highest;
    }
}
