using System.ComponentModel.DataAnnotations;

namespace Countersign.Server.Enforcement;

/// <summary>Section <c>Holds</c>: how long commands wait, how many may, and what they are told.</summary>
internal sealed class HoldOptions
{
    /// <summary>Seconds that a silent HTTPS request is held; below the idle limit of every proxy on the way. 600 where there is none.</summary>
    [Range(1, 600)]
    public int HttpsSeconds { get; set; } = 50;

    /// <summary>Seconds that a command over SSH is held; sshd keeps the connection alive meanwhile. Its request for approval lives as long, at least.</summary>
    [Range(1, 600)]
    public int SshSeconds { get; set; } = 600;

    /// <summary>Seconds that a request for approval lives; a command repeated within them goes straight through once approved.</summary>
    [Range(1, 600)]
    public int ChallengeSeconds { get; set; } = 300;

    /// <summary>Seconds between signs of life where the protocol has room for them. Node's default agent hangs up after 5 s of silence.</summary>
    [Range(1, 60)]
    public int KeepAliveSeconds { get; set; } = 4;

    /// <summary>Answer Git's first request with a redirect that shows the approval link and marks the command.</summary>
    public bool Redirect { get; set; } = true;

    /// <summary>What a push meets before its refs may be seen: <c>wait</c> (held silently) or <c>tell</c> (told at once to approve and push again).</summary>
    [RegularExpression("wait|tell")]
    public string PushBeforeRefs { get; set; } = "wait";

    /// <summary>Undecided requests of one person at a time.</summary>
    [Range(1, 1_000_000)]
    public int PerPerson { get; set; } = 50;

    /// <summary>New requests that one person is asked about within a minute, since they last approved one.</summary>
    [Range(1, 1_000_000)]
    public int PromptsPerMinute { get; set; } = 3;

    /// <summary>The same within an hour.</summary>
    [Range(1, 1_000_000)]
    public int PromptsPerHour { get; set; } = 10;

    /// <summary>Held commands from one network at a time.</summary>
    [Range(1, 1_000_000)]
    public int PerNetwork { get; set; } = 5_000;

    /// <summary>Held commands in all; each takes about 20 KB.</summary>
    [Range(1, 1_000_000)]
    public int Total { get; set; } = 20_000;

    /// <summary>A push that waits for approval after its upload is kept on disk up to so many bytes.</summary>
    [Range(1 << 20, 1L << 40)]
    public long SpoolBytes { get; set; } = 2L << 30;

    /// <summary>All pushes together that wait so.</summary>
    [Range(1 << 20, 1L << 50)]
    public long SpoolTotalBytes { get; set; } = 8L << 30;
}
