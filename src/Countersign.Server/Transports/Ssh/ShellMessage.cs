using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Text;
using Countersign.Core.Identities;

namespace Countersign.Server.Transports.Ssh;

/// <summary>What src/Countersign.Shell/shell.c sends: two kinds of message, read strictly and to the last byte.</summary>
internal abstract record ShellMessage
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    // The only field that a client writes as it likes. What is no UTF-8 in it is read as U+FFFD, and then no command of ours: its client is told so.
    private const int CommandField = 3;

    /// <summary>sshd asks what it is to know of a key that a client offers.</summary>
    public sealed record Offer(string Type, byte[] Blob) : ShellMessage;

    /// <summary>sshd has verified a signature and runs the forced command.</summary>
    /// <param name="UserVerified">For a FIDO2 key: with user verification, or by touch alone; null for other keys.</param>
    public sealed record Session(string KeyId, bool? UserVerified, ClientAddress Client, string Command, int ProtocolVersion) : ShellMessage;

    public static bool TryParse(ReadOnlySpan<byte> message, [NotNullWhen(true)] out ShellMessage? parsed)
    {
        parsed = null;
        try
        {
            parsed = message switch
            {
                [(byte)'C', (byte)'1', (byte)'K', .. var rest] when Fields(rest, 2) is [var type, var base64] => OfferOf(type, base64),
                [(byte)'C', (byte)'1', (byte)'S', .. var rest] when Fields(rest, 5) is [var key, var mark, var connection, var command, var protocol] =>
                    SessionOf(key, mark, connection, command, protocol),
                _ => null,
            };
        }
        catch (DecoderFallbackException)
        {
            // not UTF-8: no message of ours
        }

        return parsed is not null;
    }

    private static string[]? Fields(ReadOnlySpan<byte> rest, int count)
    {
        var fields = new string[count];
        for (var index = 0; index < count; index++)
        {
            if (rest.Length < 2 || BinaryPrimitives.ReadUInt16BigEndian(rest) is var length && rest.Length < 2 + length)
            {
                return null;
            }

            fields[index] = (index == CommandField ? Encoding.UTF8 : Strict).GetString(rest.Slice(2, length));
            rest = rest[(2 + length)..];
        }

        return rest.IsEmpty ? fields : null;
    }

    /// <summary>The type is in the blob, too (RFC 4253 6.6); what says two things is nobody's key.</summary>
    private static Offer? OfferOf(string type, string base64)
    {
        var blob = new byte[base64.Length];
        if (!Convert.TryFromBase64String(base64, blob, out var length) || Convert.ToBase64String(blob.AsSpan(0, length)) != base64)
        {
            return null;
        }

        blob = blob[..length];
        return length > 4 && BinaryPrimitives.ReadUInt32BigEndian(blob) is var size && size <= length - 4 && Encoding.ASCII.GetBytes(type).AsSpan().SequenceEqual(blob.AsSpan(4, (int)size))
            ? new(type, blob)
            : null;
    }

    private static Session? SessionOf(string key, string mark, string connection, string command, string protocol) =>
        KeyLine.IsKeyId(key) && mark is "" or "uv" or "touch" && AddressOf(connection) is { } client
            ? new(key, mark switch { "uv" => true, "touch" => false, _ => null }, client, command, ProtocolOf(protocol))
            : null;

    /// <summary><c>GIT_PROTOCOL</c> as git sends it; everything else is what a client without it gets.</summary>
    private static int ProtocolOf(string text) => text switch { "version=1" => 1, "version=2" => 2, _ => 0 };

    /// <summary><c>SSH_CONNECTION</c> (ssh(1)): the client's address and port, the server's address and port.</summary>
    private static ClientAddress? AddressOf(string connection) =>
        connection.Split(' ') is [var client, var clientPort, var server, var serverPort]
        && IPAddress.TryParse(client, out var address) && IPAddress.TryParse(server, out _) && IsPort(clientPort) && IsPort(serverPort)
            ? new(address)
            : null;

    private static bool IsPort(string text) => ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _);
}
