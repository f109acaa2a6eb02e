using System.Buffers;

namespace Countersign.Core.Git;

/// <summary>
/// The head of a push: everything before the pack (gitprotocol-pack, "Reference Update Request and Packfile Transfer").
/// It is read to its end and nothing is searched for, so that no ref can hide behind another or behind the pack.
/// </summary>
public sealed record ReceivePackRequest
{
    /// <summary>The longest head in bytes.</summary>
    public const int MaxLength = 8 * 1024 * 1024;

    /// <summary>The most refs of one push.</summary>
    public const int MaxUpdates = 50_000;

    /// <summary>Every ref update, in the client's order, each ref once.</summary>
    public IReadOnlyList<RefUpdate> Updates { get; init; } = [];

    /// <summary>The commits at which the client's history ends, when it pushes from a shallow clone.</summary>
    public IReadOnlyList<ObjectId> Shallow { get; init; } = [];

    public PushCapabilities Capabilities { get; init; } = PushCapabilities.None;

    public IReadOnlyList<string> PushOptions { get; init; } = [];

    /// <summary>Only <c>0000</c>: asks whether it may push at all, and changes nothing. Git sends it before a big upload.</summary>
    public bool IsProbe => Updates.Count == 0;

    /// <summary>True when a pack follows: always, unless every update is a delete.</summary>
    public bool HasPack => Updates.Any(update => update.Change != RefChange.Delete);

    /// <summary>Reads from the start of a request body (already decompressed).</summary>
    /// <param name="body">The body from its first byte, as much as has arrived.</param>
    /// <param name="request">The head when Done.</param>
    /// <param name="consumed">When Done, the bytes of the head; the pack begins there.</param>
    /// <param name="error">When Malformed, what is wrong in one line; else empty.</param>
    public static ParseStatus TryParse(in ReadOnlySequence<byte> body, out ReceivePackRequest? request, out long consumed, out string error) =>
        ReceivePackParser.TryParse(body, out request, out consumed, out error);
}
