using Countersign.Core.SshKeys;

namespace Countersign.Server.People;

/// <summary>SSH keys in words.</summary>
internal static class SshKeyWords
{
    private const string MakeNew = "ssh-keygen -t ed25519, or -t ed25519-sk -O verify-required for a security key";

    public static Refusal RefusalOf(SshKeyFault fault) => fault switch
    {
        SshKeyFault.PrivateKey => new("private_key",
            "That is a private key. It was neither stored nor logged here, but it was sent: consider it exposed. Make a new key, stop using this one, and paste only the content of the file that ends in .pub."),
        SshKeyFault.Empty => new("bad_key", "Paste the content of the file that ends in .pub, such as ~/.ssh/id_ed25519.pub: one line that starts with ssh-ed25519 or another type of key."),
        SshKeyFault.TooLong => new("bad_key", "That is too long for a public key. Paste the one line of the file that ends in .pub."),
        SshKeyFault.MoreThanOneLine => new("bad_key", "Add one key at a time: the one line of one file that ends in .pub, without line breaks."),
        SshKeyFault.OtherFormat => new("bad_key", "That is the format of another program. Convert it with ssh-keygen -i -f FILE, and paste the line that this prints."),
        SshKeyFault.Options => new("bad_key", "Leave out what stands before the type of the key: options belong to authorized_keys files, and have no place here."),
        SshKeyFault.Certificate => new("bad_key", "That is a certificate. Paste the public key itself: the file that ends in .pub and not in -cert.pub."),
        SshKeyFault.Dsa => new("weak_key", $"DSA keys are not safe any more. Make a new key with {MakeNew}."),
        SshKeyFault.UnknownType => new("bad_key", $"That starts with no type of key that is accepted here: Ed25519, ECDSA (256, 384 or 521 bits), RSA from 3072 bits, and security keys. Make one with {MakeNew}."),
        SshKeyFault.RsaTooShort => new("weak_key", $"RSA keys need 3072 bits or more. Make a new key with {MakeNew}."),
        SshKeyFault.RsaTooLong => new("bad_key", "RSA keys have 16384 bits at most."),
        SshKeyFault.RsaWeak or SshKeyFault.BadPoint => new("weak_key", $"The numbers in that key make it unsafe. Make a new key with {MakeNew}."),
        SshKeyFault.ForeignApplication => new("bad_key", "That security key's key was made for something else than SSH: its application must begin with ssh:. Make one with ssh-keygen -t ed25519-sk -O verify-required."),
        _ => new("bad_key", "That public key is damaged or incomplete. Copy the whole line of the file that ends in .pub."),
    };

    /// <summary>The type for people: "Ed25519", "Security key (ECDSA)".</summary>
    public static string Of(string typeName) => SshKeyTypes.Find(typeName) switch
    {
        SshKeyType.Ed25519 => "Ed25519",
        SshKeyType.EcdsaP256 => "ECDSA, 256 bits",
        SshKeyType.EcdsaP384 => "ECDSA, 384 bits",
        SshKeyType.EcdsaP521 => "ECDSA, 521 bits",
        SshKeyType.Rsa => "RSA",
        SshKeyType.SecurityKeyEd25519 => "Security key (Ed25519)",
        SshKeyType.SecurityKeyEcdsa => "Security key (ECDSA)",
        _ => typeName,
    };
}
