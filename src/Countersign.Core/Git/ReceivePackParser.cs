using System.Buffers;
using System.Text;

namespace Countersign.Core.Git;

/// <summary>
/// Reads the head of a push in two passes: packets to the last flush, without allocating, for as long as bytes arrive;
/// then once over the whole.
/// </summary>
internal static class ReceivePackParser
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static ParseStatus TryParse(in ReadOnlySequence<byte> body, out ReceivePackRequest? request, out long consumed, out string error)
    {
        request = null;
        (consumed, error) = (0, "");
        try
        {
            var status = FindEnd(body, out consumed, out error);
            request = status == ParseStatus.Done ? Read(body.Slice(0, consumed), out error) : null;
            return status == ParseStatus.Done && request is null ? ParseStatus.Malformed : status;
        }
        catch (DecoderFallbackException)
        {
            error = "a ref name or option is not UTF-8";
            return ParseStatus.Malformed;
        }
    }

    private static ParseStatus FindEnd(ReadOnlySequence<byte> body, out long end, out string error)
    {
        (end, error) = (0, "");
        var rest = body;
        var packets = 0;
        var options = false;
        for (var section = 0; ; packets++)
        {
            var status = PktLine.TryRead(ref rest, out var kind, out var payload);
            if (body.Length - rest.Length > ReceivePackRequest.MaxLength || (status == ParseStatus.NeedMore && body.Length > ReceivePackRequest.MaxLength))
            {
                error = "the push names too many refs or options";
                return ParseStatus.Malformed;
            }

            if (status != ParseStatus.Done || kind is not (PktKind.Data or PktKind.Flush))
            {
                error = status == ParseStatus.NeedMore ? "" : "the push is not in packets";
                return status == ParseStatus.NeedMore ? ParseStatus.NeedMore : ParseStatus.Malformed;
            }

            if (kind == PktKind.Flush && (section == 1 || !options))
            {
                end = body.Length - rest.Length;
                return ParseStatus.Done;
            }

            section += kind == PktKind.Flush ? 1 : 0;
            options |= section == 0 && HasPushOptions(payload);
        }
    }

    // Only a line with a NUL has capabilities; Read makes sure that it is the first command and nothing else.
    private static bool HasPushOptions(in ReadOnlySequence<byte> line) =>
        line.PositionOf((byte)0) is { } nul
        && PushCapabilities.Parse(Encoding.Latin1.GetString(Chomp(line.Slice(line.GetPosition(1, nul)))), out _) is { PushOptions: true };

    private static ReceivePackRequest? Read(ReadOnlySequence<byte> head, out string error)
    {
        var commands = new CommandList();
        error = "";
        while (PktLine.TryRead(ref head, out var kind, out var payload) == ParseStatus.Done && kind == PktKind.Data)
        {
            if (commands.Add(StrictUtf8.GetString(Chomp(payload))) is { } wrong)
            {
                error = wrong;
                return null;
            }
        }

        var options = new List<string>();
        while (PktLine.TryRead(ref head, out var kind, out var payload) == ParseStatus.Done && kind == PktKind.Data)
        {
            options.Add(StrictUtf8.GetString(Chomp(payload)));
        }

        error = options.Exists(option => option.Any(char.IsControl)) ? "a push option has control characters"
            : commands is { Updates.Count: 0, Shallow.Count: > 0 } ? "the push names no ref"
            : "";
        return error.Length > 0 ? null : new()
        {
            Updates = commands.Updates,
            Shallow = commands.Shallow,
            Capabilities = commands.Capabilities ?? PushCapabilities.None,
            PushOptions = options,
        };
    }

    // Senders may end a line with a line feed, and receivers take one off (gitprotocol-common, "pkt-line Format").
    private static ReadOnlySequence<byte> Chomp(in ReadOnlySequence<byte> line) =>
        line.Length > 0 && line.Slice(line.Length - 1).FirstSpan[0] == (byte)'\n' ? line.Slice(0, line.Length - 1) : line;
}
