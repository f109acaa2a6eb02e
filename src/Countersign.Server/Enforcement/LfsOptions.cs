using System.ComponentModel.DataAnnotations;

namespace Countersign.Server.Enforcement;

/// <summary>Section <c>Lfs</c>.</summary>
internal sealed class LfsOptions
{
    public const string Section = "Lfs";

    /// <summary>Seconds that a request waits for approval. Git LFS hangs up after 30 s of silence and says nothing.</summary>
    [Range(1, 29)]
    public int HoldSeconds { get; set; } = 25;

    /// <summary>Seconds in which a transfer must begin after its batch was let through.</summary>
    [Range(10, 900)]
    public int TransferSeconds { get; set; } = 900;

    /// <summary>The largest object that local repositories take, in bytes.</summary>
    [Range(1, 1L << 50)]
    public long MaxObjectBytes { get; set; } = 16L << 30;

    /// <summary>Uploads into local repositories at once; further ones wait their turn.</summary>
    [Range(1, 4096)]
    public int MaxUploads { get; set; } = 32;
}
