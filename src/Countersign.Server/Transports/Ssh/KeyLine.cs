using System.Diagnostics.CodeAnalysis;
using System.Text;
using Countersign.Server.People;

namespace Countersign.Server.Transports.Ssh;

/// <summary>
/// The line of authorized_keys(5) for a key: whoever signs with it may run our shell, and nothing else. Which key it was, sshd
/// tells the shell by the id in here, after it has verified the signature; the name that the client logs in with says nothing.
/// </summary>
internal static class KeyLine
{
    private const int MaxKeyId = 64;

    public static bool IsKeyId([NotNullWhen(true)] string? text) =>
        text is { Length: > 0 and <= MaxKeyId } && text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_');

    /// <summary>Throws <see cref="InvalidOperationException"/> for a key id that is not one of ours: no line, no access.</summary>
    public static string Write(OfferedKey key, ShellMessage.Offer offer, string shell, string socket)
    {
        if (!IsKeyId(key.Id))
        {
            throw new InvalidOperationException("A key id holds letters, digits, - and _ only.");
        }

        var line = new StringBuilder("restrict,command=\"");
        // exec leaves no shell of sh behind; sh reads it, within what sshd reads.
        var mark = key switch { { IsSecurityKey: false } => "", { VerifyRequired: true } => " uv", { NoTouchRequired: false } => " touch", _ => "" };
        line.Append($"exec {Word(shell)} {Word(socket)} {key.Id}{mark}".Replace("\"", "\\\"", StringComparison.Ordinal)).Append('"');
        if (key is { IsSecurityKey: true, VerifyRequired: true })
        {
            line.Append(",verify-required");
        }

        if (key is { IsSecurityKey: true, NoTouchRequired: true })
        {
            line.Append(",no-touch-required");
        }

        return line.Append(' ').Append(offer.Type).Append(' ').Append(Convert.ToBase64String(offer.Blob)).Append('\n').ToString();
    }

    /// <summary>One word for sh, whatever is in it.</summary>
    private static string Word(string path) => $"'{path.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
