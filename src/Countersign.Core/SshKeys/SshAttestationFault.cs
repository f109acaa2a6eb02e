namespace Countersign.Core.SshKeys;

/// <summary>Why an attestation does not make a key hardware-attested.</summary>
public enum SshAttestationFault
{
    None,

    /// <summary>Not the file that <c>ssh-keygen -O write-attestation</c> writes.</summary>
    NotOne,

    /// <summary>The key is in no security key, so nothing can be attested of it.</summary>
    NoSecurityKey,

    /// <summary>The security key attests nothing: it has no certificate.</summary>
    NoCertificate,

    /// <summary>It attests another key, or this one for another application.</summary>
    OtherKey,

    /// <summary>No open challenge of this person was signed: it expired, was used, was somebody else's, or the file was changed.</summary>
    NoChallenge,

    /// <summary>The certificate is not what such certificates have to be.</summary>
    BadCertificate,

    /// <summary>It is right in itself, but no configured root vouches for this model.</summary>
    NotTrusted,
}
