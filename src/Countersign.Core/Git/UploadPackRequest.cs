using System.Buffers;

namespace Countersign.Core.Git;

/// <summary>
/// As much of an upload-pack request as the gateway must know (gitprotocol-v2, "Command Request"; gitprotocol-pack,
/// "Packfile Negotiation" for versions 0 and 1). The body is looked at, not consumed: all of it goes to the far side.
/// </summary>
public sealed record UploadPackRequest(UploadPackCommand Command)
{
    /// <summary>How far a version 2 fetch is searched, in bytes. Clients send the arguments that matter here first.</summary>
    public const int MaxScan = 1024 * 1024;

    /// <summary>The client takes sidebands through the whole answer, so text can be shown at any moment.</summary>
    public bool SidebandAll { get; init; }

    /// <summary>The client waits for no more negotiation: the next thing that comes is the pack, with sidebands.</summary>
    public bool Done { get; init; }

    /// <param name="body">The body (already decompressed) from its first byte, as much as has arrived.</param>
    /// <param name="protocolVersion">0, 1 or 2, from <see cref="GitProtocolHeader"/>.</param>
    /// <param name="request">When Done, what it is.</param>
    /// <param name="error">When Malformed, what is wrong in one line; else empty.</param>
    public static ParseStatus TryParse(in ReadOnlySequence<byte> body, int protocolVersion, out UploadPackRequest? request, out string error)
    {
        (request, error) = (null, "");
        var rest = body;
        var status = PktLine.TryRead(ref rest, out var kind, out var first);
        if (status == ParseStatus.NeedMore)
        {
            return status;
        }

        var command = (status, kind) switch
        {
            (ParseStatus.Done, PktKind.Flush) => UploadPackCommand.Probe,
            (ParseStatus.Done, PktKind.Data) => protocolVersion == 2 ? CommandOf(first) : WantOf(first),
            _ => null,
        };
        if (command is null)
        {
            error = "this is not a fetch request";
            return ParseStatus.Malformed;
        }

        request = new(command.Value);
        return protocolVersion == 2 && command == UploadPackCommand.Fetch ? Arguments(rest, ref request, out error) : ParseStatus.Done;
    }

    private static ParseStatus Arguments(ReadOnlySequence<byte> rest, ref UploadPackRequest? request, out string error)
    {
        error = "";
        var (start, inArguments, sidebandAll, done) = (rest.Length, false, false, false);
        while (start - rest.Length <= MaxScan)
        {
            var status = PktLine.TryRead(ref rest, out var kind, out var line);
            if (status == ParseStatus.NeedMore)
            {
                request = null;
                return status;
            }

            if (status != ParseStatus.Done || kind == PktKind.ResponseEnd || (kind == PktKind.Delimiter && inArguments))
            {
                (request, error) = (null, "the fetch request is not in packets");
                return ParseStatus.Malformed;
            }

            if (kind == PktKind.Flush)
            {
                break;
            }

            inArguments |= kind == PktKind.Delimiter;
            sidebandAll |= inArguments && Is(line, "sideband-all"u8);
            done |= inArguments && Is(line, "done"u8);
        }

        request = new(UploadPackCommand.Fetch) { SidebandAll = sidebandAll, Done = done };
        return ParseStatus.Done;
    }

    private static UploadPackCommand? CommandOf(in ReadOnlySequence<byte> line) =>
        Is(line, "command=ls-refs"u8) ? UploadPackCommand.LsRefs
        : Is(line, "command=fetch"u8) ? UploadPackCommand.Fetch
        : Is(line, "command=object-info"u8) ? UploadPackCommand.ObjectInfo
        : null;

    private static UploadPackCommand? WantOf(in ReadOnlySequence<byte> line) =>
        line.Length > 5 && Is(line.Slice(0, 5), "want "u8) ? UploadPackCommand.Fetch : null;

    private static bool Is(in ReadOnlySequence<byte> line, ReadOnlySpan<byte> word)
    {
        Span<byte> bytes = stackalloc byte[32];
        if (line.Length < word.Length || line.Length > word.Length + 1 || word.Length + 1 > bytes.Length)
        {
            return false;
        }

        line.CopyTo(bytes);
        return bytes.StartsWith(word) && (line.Length == word.Length || bytes[word.Length] == (byte)'\n');
    }
}
