using System.IO.Pipelines;
using Countersign.Core.Git;

namespace Countersign.Server.Enforcement;

/// <summary>How a forwarded request ended.</summary>
/// <param name="Succeeded">The far side did what was asked; for a push: every ref was taken.</param>
/// <param name="BytesIn">Request body bytes that went to the far side.</param>
/// <param name="BytesOut">Response body bytes that came back.</param>
/// <param name="Detail">A short word for the audit log: <c>ok</c>, <c>rejected</c>, <c>client left</c>, <c>exit 128</c>.</param>
internal sealed record ForwardOutcome(bool Succeeded, long BytesIn, long BytesOut, string Detail)
{
    /// <summary>It was ended on the way: what the client has is half an answer and must not look like a whole one.</summary>
    public bool IsCut { get; init; }
}

/// <summary>The far side: where repositories are. It decides nothing.</summary>
internal interface IUpstream
{
    /// <summary>
    /// Writes the body of <c>info/refs</c> (without HTTP headers) for the service in the given protocol version (0, 1 or 2).
    /// Throws <see cref="UpstreamUnavailableException"/> before the first byte when the far side cannot serve.
    /// </summary>
    Task<ForwardOutcome> AdvertiseAsync(GitCommand command, int protocolVersion, PipeWriter answer, CancellationToken cancellation);

    /// <summary>
    /// Runs one stateless RPC: streams <paramref name="request"/> (already decompressed) there and the answer back, with
    /// back-pressure both ways, and never holds a whole body. Cancelling ends the far side's work at once.
    /// </summary>
    Task<ForwardOutcome> ForwardAsync(GitCommand command, int protocolVersion, PipeReader request, PipeWriter answer, CancellationToken cancellation);

    /// <summary>
    /// Looks at a push before it is let through: which updates are forced, how many commits each adds. The pack is indexed in
    /// a quarantine beside the repository's objects, which is deleted afterwards; the repository does not change.
    /// </summary>
    /// <param name="command">With its ref updates.</param>
    /// <param name="pack">The pack stream, or null for a push that has none (only deletes).</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <returns>The same updates, in order, with <see cref="RefUpdate.Forced"/> and <see cref="RefUpdate.Commits"/> set where they could be told.</returns>
    Task<IReadOnlyList<RefUpdate>> InspectAsync(GitCommand command, Stream? pack, CancellationToken cancellation);
}

/// <summary>The far side cannot serve; the message is one line that a person at a terminal can act on.</summary>
internal sealed class UpstreamUnavailableException(string message, Exception? inner = null) : IOException(message, inner);
