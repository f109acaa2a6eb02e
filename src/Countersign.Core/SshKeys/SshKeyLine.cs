namespace Countersign.Core.SshKeys;

/// <summary>What people paste.</summary>
internal static class SshKeyLine
{
    /// <summary>Room for the longest key and a long comment.</summary>
    private const int MaxLength = 16 * 1024;

    private const string OpenSshPrivateKey = "b3BlbnNzaC1rZXktdjE"; // "openssh-key-v1", as the base64 within begins

    public static (SshPublicKey? Key, SshKeyFault Fault) Read(string? text)
    {
        // Before anything else, the length included: whoever shows a private key must hear of it.
        if (text is not null && IsPrivate(text))
        {
            return (null, SshKeyFault.PrivateKey);
        }

        if (string.IsNullOrWhiteSpace(text))
        {
            return (null, SshKeyFault.Empty);
        }

        if (text.Length > MaxLength)
        {
            return (null, SshKeyFault.TooLong);
        }

        var line = text.Trim(' ', '\t', '\r', '\n');
        return line.StartsWith("---- BEGIN SSH2", StringComparison.Ordinal) ? (null, SshKeyFault.OtherFormat)
            : line.AsSpan().ContainsAny('\r', '\n') ? (null, SshKeyFault.MoreThanOneLine)
            : ReadLine(line);
    }

    /// <summary>Why a type is not welcome.</summary>
    public static SshKeyFault FaultOfType(string name) =>
        name.EndsWith("-cert-v01@openssh.com", StringComparison.Ordinal) ? SshKeyFault.Certificate
        : name == "ssh-dss" ? SshKeyFault.Dsa
        : SshKeyFault.UnknownType;

    private static bool IsPrivate(string text) =>
        text.Contains("PRIVATE KEY", StringComparison.OrdinalIgnoreCase)
        || text.Contains("PuTTY-User-Key-File", StringComparison.OrdinalIgnoreCase)
        || text.Contains(OpenSshPrivateKey, StringComparison.Ordinal);

    private static (SshPublicKey?, SshKeyFault) ReadLine(string line)
    {
        var words = line.Split([' ', '\t'], 3, StringSplitOptions.RemoveEmptyEntries);
        if (SshKeyTypes.Find(words[0]) is null)
        {
            var fault = FaultOfType(words[0]);
            var hasOptions = fault == SshKeyFault.UnknownType && words.Skip(1).Any(word => word.Split(' ', '\t').Any(part => SshKeyTypes.Find(part) is not null));
            return (null, hasOptions ? SshKeyFault.Options : fault);
        }

        if (words.Length < 2 || Decode(words[1]) is not { } blob)
        {
            return (null, SshKeyFault.Damaged);
        }

        var (key, found) = SshKeyBlob.Read(blob);
        return key is null ? (null, found)
            : key.Type.Name() != words[0] ? (null, SshKeyFault.Damaged)
            : (key.With(words.Length > 2 ? words[2].Trim() : ""), SshKeyFault.None);
    }

    // One text for each key (RFC 4648 3.5): the framework's decoder takes white space and stray bits.
    private static byte[]? Decode(string text)
    {
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var length) && Convert.ToBase64String(bytes.AsSpan(0, length)) == text ? bytes[..length] : null;
    }
}
