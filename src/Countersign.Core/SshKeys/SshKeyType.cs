namespace Countersign.Core.SshKeys;

/// <summary>The types of keys that people may add.</summary>
public enum SshKeyType
{
    Ed25519,
    EcdsaP256,
    EcdsaP384,
    EcdsaP521,
    Rsa,

    /// <summary>In a FIDO2 security key.</summary>
    SecurityKeyEd25519,

    /// <summary>In a FIDO2 security key.</summary>
    SecurityKeyEcdsa,
}

public static class SshKeyTypes
{
    private static readonly Dictionary<string, SshKeyType> Types = new(StringComparer.Ordinal)
    {
        ["ssh-ed25519"] = SshKeyType.Ed25519, // RFC 8709
        ["ecdsa-sha2-nistp256"] = SshKeyType.EcdsaP256, // RFC 5656
        ["ecdsa-sha2-nistp384"] = SshKeyType.EcdsaP384,
        ["ecdsa-sha2-nistp521"] = SshKeyType.EcdsaP521,
        ["ssh-rsa"] = SshKeyType.Rsa, // RFC 4253; how it signs (SHA-2 only) is for sshd to say
        ["sk-ssh-ed25519@openssh.com"] = SshKeyType.SecurityKeyEd25519, // OpenSSH PROTOCOL.u2f
        ["sk-ecdsa-sha2-nistp256@openssh.com"] = SshKeyType.SecurityKeyEcdsa,
    };

    /// <returns>Null for a type that is not welcome. Names are compared byte by byte.</returns>
    public static SshKeyType? Find(string name) => Types.TryGetValue(name, out var type) ? type : null;

    /// <summary>As OpenSSH names it.</summary>
    public static string Name(this SshKeyType type) => Types.First(entry => entry.Value == type).Key;

    public static bool IsSecurityKey(this SshKeyType type) => type is SshKeyType.SecurityKeyEd25519 or SshKeyType.SecurityKeyEcdsa;
}
