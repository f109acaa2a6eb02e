using System.Security.Cryptography;

namespace Countersign.Core.WebAuthn;

/// <summary>Signature algorithms by their numbers in the IANA COSE registry.</summary>
public enum CoseAlgorithm
{
    /// <summary>ECDSA on P-256 with SHA-256.</summary>
    ES256 = -7,

    /// <summary>EdDSA; in WebAuthn always Ed25519 (section 5.8.5).</summary>
    EdDSA = -8,

    /// <summary>ECDSA on P-384 with SHA-384.</summary>
    ES384 = -35,

    /// <summary>ECDSA on P-521 with SHA-512.</summary>
    ES512 = -36,

    /// <summary>Ed448 (RFC 9864). Understood, not offered unless it is asked for.</summary>
    Ed448 = -53,

    /// <summary>RSASSA-PKCS1-v1_5 with SHA-256.</summary>
    RS256 = -257,

    /// <summary>
    /// RSASSA-PKCS1-v1_5 with SHA-1 (RFC 8812). Never for a credential: only older TPMs sign their statements with it, and such a
    /// statement does not make a key hardware-attested.
    /// </summary>
    RS1 = -65535,
}

internal static class CoseAlgorithms
{
    public static bool Fits(this CoseAlgorithm algorithm, KeyType type) => (algorithm, type) is
        (CoseAlgorithm.ES256, KeyType.P256) or
        (CoseAlgorithm.ES384, KeyType.P384) or
        (CoseAlgorithm.ES512, KeyType.P521) or
        (CoseAlgorithm.EdDSA, KeyType.Ed25519) or
        (CoseAlgorithm.Ed448, KeyType.Ed448) or
        (CoseAlgorithm.RS256 or CoseAlgorithm.RS1, KeyType.Rsa);

    /// <summary>The hash that the algorithm begins with; null for those that hash in their own way.</summary>
    public static HashAlgorithmName? Hash(this CoseAlgorithm algorithm) => algorithm switch
    {
        CoseAlgorithm.ES256 or CoseAlgorithm.RS256 => HashAlgorithmName.SHA256,
        CoseAlgorithm.ES384 => HashAlgorithmName.SHA384,
        CoseAlgorithm.ES512 => HashAlgorithmName.SHA512,
        CoseAlgorithm.RS1 => HashAlgorithmName.SHA1,
        _ => null,
    };
}
