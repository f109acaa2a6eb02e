using System.IO.Pipelines;
using Countersign.Core.LargeFiles;

namespace Countersign.Server.Enforcement;

/// <summary>Where the large files and locks of repositories are. It decides nothing.</summary>
internal interface ILfsUpstream
{
    /// <summary>What is to be done for each object of a batch, in its order. Throws <see cref="UpstreamUnavailableException"/>.</summary>
    Task<IReadOnlyList<LfsEntry>> BatchAsync(CommandRequest request, LfsBatch batch, CancellationToken cancellation);

    /// <summary>
    /// What an unlock does: which file, whose lock, and whether it may be somebody else's. It is what is decided on, so no other
    /// host is asked for it; what that host said before may be used.
    /// </summary>
    LfsWork Describe(CommandRequest request, LfsLockCall.Unlock call);

    /// <summary>Where the repository is, in one word: while it stays the same, what was given out for its objects leads there.</summary>
    string PlaceOf(CommandRequest request);

    Task<LfsReply> LockAsync(CommandRequest request, LfsLockCall call, CancellationToken cancellation);

    /// <summary>A part of an object's content, to be disposed; null when it is not there (any more).</summary>
    Task<Stream?> OpenAsync(CommandRequest request, LfsTransfer transfer, LfsRange range, CancellationToken cancellation);

    /// <summary>Takes an object's content in, all or nothing. Throws <see cref="OperationCanceledException"/> when the client leaves.</summary>
    Task<LfsReply> StoreAsync(CommandRequest request, LfsTransfer transfer, PipeReader content, CancellationToken cancellation);

    /// <summary>Says whether an uploaded object has arrived.</summary>
    Task<LfsReply> VerifyAsync(CommandRequest request, LfsTransfer transfer, CancellationToken cancellation);
}

/// <summary>What a client does with one object of a batch.</summary>
internal enum LfsAction
{
    Download,
    Upload,
    Verify,
}

/// <summary>Where another host wants an action to go. Its headers may be a credential: they are sealed before they leave the gateway.</summary>
internal sealed record LfsPlace(Uri Address, IReadOnlyDictionary<string, string> Headers)
{
    // A signed address is signed as it is spelled: nothing of it may be unescaped or compressed.
    private static readonly UriCreationOptions AsWritten = new() { DangerousDisablePathAndQueryCanonicalization = true };

    /// <summary>An absolute http or https address without a user name, in printable ASCII; else null.</summary>
    public static Uri? AddressOf(string? text) =>
        text is not null && text.AsSpan().IndexOfAnyExceptInRange('!', '~') < 0 && !text.Contains('#', StringComparison.Ordinal)
        && Uri.TryCreate(text, AsWritten, out var address) && address.IsAbsoluteUri
        && (address.Scheme == Uri.UriSchemeHttp || address.Scheme == Uri.UriSchemeHttps) && address.UserInfo.Length == 0
            ? address
            : null;

    public override string ToString() => "[secret]";
}

/// <summary>One action on one object, as a transfer token names it.</summary>
/// <param name="Action">What.</param>
/// <param name="Object">On which object.</param>
/// <param name="Place">Where at another host; null on this machine.</param>
internal sealed record LfsTransfer(LfsAction Action, LfsObject Object, LfsPlace? Place);

/// <summary>A far side's answer for one object: actions, none (nothing to do), or an error.</summary>
internal sealed record LfsEntry(LfsObject Object)
{
    public IReadOnlyList<LfsTransfer> Actions { get; init; } = [];

    /// <summary>The client goes to the places itself.</summary>
    public bool IsDirect { get; init; }

    /// <summary>When the places end; null when nobody said.</summary>
    public DateTimeOffset? Expires { get; init; }

    /// <summary>A code of the batch API (404, 422) with one line.</summary>
    public (int Code, string Message)? Error { get; init; }
}

/// <summary>Bytes of an object.</summary>
/// <param name="Offset">The first.</param>
/// <param name="Length">How many.</param>
/// <param name="IsPart">Less than all was asked for, even if it is all.</param>
internal readonly record struct LfsRange(long Offset, long Length, bool IsPart);

/// <summary>A far side's answer to a client.</summary>
/// <param name="Status">Of HTTP.</param>
/// <param name="Json">The document; empty for none.</param>
/// <param name="Detail">A short word for the audit log.</param>
/// <param name="BytesIn">What went there.</param>
internal sealed record LfsReply(int Status, ReadOnlyMemory<byte> Json, string Detail, long BytesIn = 0)
{
    public bool Succeeded => Status is >= 200 and < 300;
}
