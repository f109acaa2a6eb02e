namespace Countersign.Core.SshKeys;

/// <summary>Why a text or a blob is no SSH public key that is welcome.</summary>
public enum SshKeyFault
{
    None,
    Empty,

    /// <summary>The half of the key that nobody else may see. Whoever pasted it has shown it.</summary>
    PrivateKey,
    TooLong,
    MoreThanOneLine,

    /// <summary>RFC 4716, the form of other programs.</summary>
    OtherFormat,

    /// <summary>Something stands before the type, as in an authorized_keys file.</summary>
    Options,
    Certificate,
    Dsa,
    UnknownType,

    /// <summary>Not base64 in its one form, cut off, with bytes left over, or of another type than it says.</summary>
    Damaged,
    RsaTooShort,
    RsaTooLong,
    RsaWeak,

    /// <summary>A point that is not on its curve, or of small order.</summary>
    BadPoint,

    /// <summary>A security key's key that was made for something else than SSH.</summary>
    ForeignApplication,
}
