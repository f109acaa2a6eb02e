using System.Buffers;
using System.Text;

namespace Countersign.Core.Git;

/// <summary>
/// What <c>git archive --remote</c> asks for (builtin/upload-archive.c): arguments of <c>git archive</c>, one a packet, to a
/// flush. Only those that it takes here are let through, in their full spelling: among the others are formats that a
/// repository's own settings define as programs to run.
/// </summary>
public sealed record UploadArchiveRequest(IReadOnlyList<string> Arguments)
{
    /// <summary>As many as upload-archive takes.</summary>
    public const int MaxArguments = 64;

    public const int MaxLength = 64 * 1024;

    private const string Word = "argument ";
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads from the start of the client's side, as much as has arrived.</summary>
    public static ParseStatus TryParse(in ReadOnlySequence<byte> body, out UploadArchiveRequest? request, out string error)
    {
        (request, error) = (null, "");
        var arguments = new List<string>();
        var rest = body;
        while (true)
        {
            var status = PktLine.TryRead(ref rest, out var kind, out var line);
            if (status == ParseStatus.NeedMore && body.Length <= MaxLength)
            {
                return status;
            }

            if (status != ParseStatus.Done || arguments.Count > MaxArguments || body.Length - rest.Length > MaxLength
                || !(kind == PktKind.Flush || (kind == PktKind.Data && TryRead(line, arguments))))
            {
                error = "this is not a request for an archive";
                return ParseStatus.Malformed;
            }

            if (kind == PktKind.Flush)
            {
                error = Refused(arguments) ?? "";
                request = error.Length == 0 ? new(arguments) : null;
                return error.Length == 0 ? ParseStatus.Done : ParseStatus.Malformed;
            }
        }
    }

    private static bool TryRead(in ReadOnlySequence<byte> line, List<string> arguments)
    {
        try
        {
            var text = StrictUtf8.GetString(line);
            arguments.Add(text.TrimEnd('\n')[Math.Min(text.TrimEnd('\n').Length, Word.Length)..]);
            return text.StartsWith(Word, StringComparison.Ordinal);
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }

    private static string? Refused(List<string> arguments)
    {
        for (var index = 0; index < arguments.Count && arguments[index] != "--"; index++)
        {
            var argument = arguments[index];
            if (argument is "--format" or "--prefix" && ++index < arguments.Count)
            {
                argument = $"{argument}={arguments[index]}";
            }

            if (argument.StartsWith('-') && !IsTaken(argument))
            {
                return $"git archive does not take {TerminalText.Line(argument.Length > 40 ? argument[..40] : argument)} here";
            }
        }

        return null;
    }

    private static bool IsTaken(string option) =>
        option is "--list" or "-l" or "--verbose" or "-v" or "--worktree-attributes"
            or "--format=tar" or "--format=zip" or "--format=tgz" or "--format=tar.gz"
        || option.StartsWith("--prefix=", StringComparison.Ordinal)
        || option.StartsWith("--mtime=", StringComparison.Ordinal)
        || (option.Length > 1 && option.AsSpan(1).IndexOfAnyExceptInRange('0', '9') < 0);
}
