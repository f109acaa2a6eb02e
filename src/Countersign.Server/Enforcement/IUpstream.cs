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
    /// <summary>Somebody else carries it: what passed, and how it ended, is not seen here.</summary>
    public static readonly ForwardOutcome HandedOver = new(true, 0, 0, "handed to the proxy");

    /// <summary>It was ended on the way: what the client has is half an answer and must not look like a whole one.</summary>
    public bool IsCut { get; init; }

    /// <summary>
    /// A push that is known to have moved no ref: its approval may serve another try. What broke off, or was not reported on,
    /// is not known.
    /// </summary>
    public bool Untouched { get; init; }
}

/// <summary>One request to the far side, after its decision.</summary>
/// <param name="Command">What was decided on.</param>
/// <param name="ProtocolVersion">Of Git's wire protocol: 0, 1 or 2.</param>
internal sealed record UpstreamRequest(GitCommand Command, int ProtocolVersion)
{
    /// <summary>The person's own credential for the far side, where that is what it is shown.</summary>
    public PassedCredential? Credential { get; init; }

    /// <summary>How many bytes the body has, where that is known before its end.</summary>
    public long? BodyLength { get; init; }

    /// <summary>The client compressed the body, so the far side gets it compressed too.</summary>
    public bool CompressBody { get; init; }

    /// <summary>The body is a version 2 fetch whose client takes sideband-all; the far side may not know it.</summary>
    public bool SidebandAll { get; init; }

    /// <summary>The capabilities of version 2 go to the client as they are: whoever carries what follows strips nothing from it.</summary>
    public bool OffersNoMore { get; init; }

    /// <summary>Not null when the client takes gzip: called before the first byte of an answer that the far side compressed.</summary>
    public Action? AnswerIsCompressed { get; init; }
}

/// <summary>The far side: where repositories are. It decides nothing.</summary>
internal interface IUpstream
{
    /// <summary>Whether <see cref="InspectAsync"/> can tell what a push does there; where it cannot, no push is kept merely for it.</summary>
    bool Inspects(RepositoryPath repository);

    /// <summary>Whether it finds the end of a pushed pack by itself, so that a body may end behind it or not at all: git does, HTTP does not.</summary>
    bool FindsPackEnd(RepositoryPath repository) => false;

    /// <summary>
    /// Writes the body of <c>info/refs</c> (without HTTP headers) for the service in the given protocol version. Throws
    /// <see cref="UpstreamUnavailableException"/> when the far side cannot or will not serve, and <see cref="OlderProtocolException"/>
    /// before the first byte when it answers a request for capabilities with refs.
    /// </summary>
    Task<ForwardOutcome> AdvertiseAsync(UpstreamRequest request, PipeWriter answer, CancellationToken cancellation);

    /// <summary>
    /// Runs one stateless RPC: streams <paramref name="body"/> (already decompressed) there and the answer back, with
    /// back-pressure both ways, and never holds a whole body. Cancelling ends the far side's work at once.
    /// </summary>
    Task<ForwardOutcome> ForwardAsync(UpstreamRequest request, PipeReader body, PipeWriter answer, CancellationToken cancellation);

    /// <summary>
    /// Carries a whole conversation as it is spoken over SSH, in which the far side remembers what was said: a fetch or an archive,
    /// from the first byte to the last. Only where the far side speaks so; others throw before the first byte.
    /// </summary>
    Task<ForwardOutcome> ConverseAsync(UpstreamRequest request, PipeReader client, PipeWriter answer, CancellationToken cancellation) =>
        throw new UpstreamUnavailableException($"{request.Command.Repository} is at a Git host that is spoken to over HTTP alone.") { Detail = "no conversation", Untouched = true };

    /// <summary>
    /// Looks at a push before it is let through: which updates are forced, how many commits each adds. The pack is indexed in
    /// a quarantine beside the repository's objects, which is deleted afterwards; the repository does not change.
    /// </summary>
    /// <param name="request">With the command's ref updates.</param>
    /// <param name="pack">The pack stream, or null for a push that has none (only deletes).</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <returns>The same updates, in order, with <see cref="RefUpdate.Forced"/> and <see cref="RefUpdate.Commits"/> set where they could be told.</returns>
    Task<IReadOnlyList<RefUpdate>> InspectAsync(UpstreamRequest request, Stream? pack, CancellationToken cancellation);
}

/// <summary>Why the far side does not serve.</summary>
internal enum UpstreamFailure
{
    /// <summary>It cannot be reached, gave no answer in time, or answered what is not Git.</summary>
    Unavailable,

    /// <summary>It knows no such repository, or does not show it to this credential.</summary>
    NotFound,

    /// <summary>It knows the credential and does not allow this.</summary>
    Forbidden,

    /// <summary>It did not take the credential.</summary>
    CredentialRefused,
}

/// <summary>In what form a client can be told something behind the part of an answer that it has.</summary>
internal enum AnswerForm
{
    /// <summary>Nothing of the answer has gone out.</summary>
    NotBegun,

    /// <summary>Packets without bands, whole ones.</summary>
    Packets,

    /// <summary>Packets with bands, whole ones.</summary>
    Banded,

    /// <summary>Not at all: the connection must end.</summary>
    Opaque,
}

/// <summary>The far side answered a request for version 2's capabilities with the refs of an older version; nothing went out.</summary>
internal sealed class OlderProtocolException() : Exception("The Git host speaks an older protocol version.");

/// <summary>The far side does not serve; the message is one line that a person at a terminal can act on.</summary>
internal sealed class UpstreamUnavailableException(string message, Exception? inner = null, UpstreamFailure failure = UpstreamFailure.Unavailable)
    : IOException(message, inner)
{
    public UpstreamFailure Failure => failure;

    /// <summary>A short word for the audit log.</summary>
    public string Detail { get; init; } = "unavailable";

    /// <summary>A push is known to have moved no ref.</summary>
    public bool Untouched { get; init; }

    /// <summary>Request body bytes that went out before.</summary>
    public long BytesIn { get; init; }

    /// <summary>Response body bytes that came back before.</summary>
    public long BytesOut { get; init; }

    public AnswerForm Form { get; init; }
}
