using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Countersign.Core.WebAuthn;

internal enum KeyType
{
    P256,
    P384,
    P521,
    Rsa,
    Ed25519,
    Ed448,
}

/// <summary>
/// A public key, wherever it came from: a COSE key, a certificate, a TPM's public area. Two are the same key when their
/// <see cref="Bytes"/> are: a SubjectPublicKeyInfo in the framework's own encoding, or the raw point of an Edwards curve.
/// </summary>
internal sealed class VerificationKey
{
    private const int SmallestRsa = 2048;
    private const int LargestRsa = 8192;

    private VerificationKey(KeyType type, byte[] bytes)
    {
        Type = type;
        Bytes = bytes;
    }

    public KeyType Type { get; }

    public byte[] Bytes { get; }

    public bool IsSameAs(VerificationKey other) => Type == other.Type && Bytes.AsSpan().SequenceEqual(other.Bytes);

    public static int CoordinateLength(KeyType curve) => curve switch { KeyType.P256 => 32, KeyType.P384 => 48, _ => 66 };

    /// <returns>Null where the coordinates have another length than the field, or the point is not on the curve.</returns>
    public static VerificationKey? FromPoint(KeyType curve, byte[] x, byte[] y)
    {
        if (x.Length != CoordinateLength(curve) || y.Length != x.Length)
        {
            return null;
        }

        try
        {
            using var key = ECDsa.Create(new ECParameters { Curve = CurveOf(curve), Q = new() { X = x, Y = y } });
            return new(curve, key.ExportSubjectPublicKeyInfo());
        }
        catch (CryptographicException)
        {
            return null; // the import checks that the point is on the curve
        }
    }

    /// <returns>Null for a modulus under 2048 or over 8192 bits, with leading zeros or even, and for an exponent that is not odd and at least 65537.</returns>
    public static VerificationKey? FromModulus(byte[] modulus, byte[] exponent)
    {
        if (modulus is not [not 0, ..] || (modulus[^1] & 1) == 0
            || exponent is not [not 0, _, _] and not [not 0, _, _, _] || (exponent[^1] & 1) == 0)
        {
            return null;
        }

        try
        {
            using var key = RSA.Create(new RSAParameters { Modulus = modulus, Exponent = exponent });
            return key.KeySize is >= SmallestRsa and <= LargestRsa ? new(KeyType.Rsa, key.ExportSubjectPublicKeyInfo()) : null;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    /// <returns>Null for a wrong length, and for points of small order, for which signatures exist that fit any message.</returns>
    public static VerificationKey? FromEdwardsPoint(KeyType curve, byte[] point) => curve switch
    {
        KeyType.Ed25519 when point.Length == 32 && !EdwardsSignature.HasSmallOrder(point) => new(curve, point),
        KeyType.Ed448 when point.Length == 57 && point.AsSpan().ContainsAnyExcept((byte)0, (byte)1) => new(curve, point),
        _ => null,
    };

    /// <returns>Null for key types that WebAuthn has no algorithm for.</returns>
    public static VerificationKey? From(PublicKey key)
    {
        try
        {
            switch (key.Oid.Value)
            {
                case "1.2.840.113549.1.1.1" when key.GetRSAPublicKey() is { } rsa:
                    using (rsa)
                    {
                        var parameters = rsa.ExportParameters(includePrivateParameters: false);
                        return FromModulus(parameters.Modulus!, parameters.Exponent!);
                    }

                case "1.2.840.10045.2.1" when key.GetECDsaPublicKey() is { } ecdsa:
                    using (ecdsa)
                    {
                        var parameters = ecdsa.ExportParameters(includePrivateParameters: false);
                        return TypeOf(parameters.Curve) is { } curve ? FromPoint(curve, parameters.Q.X!, parameters.Q.Y!) : null;
                    }

                case "1.3.101.112":
                    return FromEdwardsPoint(KeyType.Ed25519, key.EncodedKeyValue.RawData);
                case "1.3.101.113":
                    return FromEdwardsPoint(KeyType.Ed448, key.EncodedKeyValue.RawData);
                default:
                    return null;
            }
        }
        catch (Exception e) when (e is CryptographicException or PlatformNotSupportedException or AsnContentException)
        {
            return null;
        }
    }

    /// <summary>Whether the signature, in the form of section 6.5.5, is this key's over the data, by an algorithm that fits it.</summary>
    public bool Verifies(CoseAlgorithm algorithm, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        if (!algorithm.Fits(Type) || signature.Length > WebAuthnLimits.Signature)
        {
            return false;
        }

        return algorithm.Hash() is { } hash
            ? Verifies(hash, data, signature)
            : EdwardsSignature.Verify(Type, Bytes, data, signature);
    }

    /// <summary>The same for the signature of a certificate, which pairs any curve with any hash (RFC 5758, RFC 8017, RFC 8410).</summary>
    public bool VerifiesCertificate(string algorithm, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature) => (algorithm, Type) switch
    {
        ("1.2.840.10045.4.3.2", KeyType.P256 or KeyType.P384 or KeyType.P521) => Verifies(HashAlgorithmName.SHA256, data, signature),
        ("1.2.840.10045.4.3.3", KeyType.P256 or KeyType.P384 or KeyType.P521) => Verifies(HashAlgorithmName.SHA384, data, signature),
        ("1.2.840.10045.4.3.4", KeyType.P256 or KeyType.P384 or KeyType.P521) => Verifies(HashAlgorithmName.SHA512, data, signature),
        ("1.2.840.113549.1.1.5", KeyType.Rsa) => Verifies(HashAlgorithmName.SHA1, data, signature), // roots of the U2F years
        ("1.2.840.113549.1.1.11", KeyType.Rsa) => Verifies(HashAlgorithmName.SHA256, data, signature),
        ("1.2.840.113549.1.1.12", KeyType.Rsa) => Verifies(HashAlgorithmName.SHA384, data, signature),
        ("1.2.840.113549.1.1.13", KeyType.Rsa) => Verifies(HashAlgorithmName.SHA512, data, signature),
        ("1.3.101.112", KeyType.Ed25519) or ("1.3.101.113", KeyType.Ed448) => EdwardsSignature.Verify(Type, Bytes, data, signature),
        _ => false,
    };

    private bool Verifies(HashAlgorithmName hash, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        try
        {
            if (Type == KeyType.Rsa)
            {
                using var rsa = RSA.Create();
                rsa.ImportSubjectPublicKeyInfo(Bytes, out _);
                return rsa.VerifyData(data, signature, hash, RSASignaturePadding.Pkcs1);
            }

            using var ecdsa = ECDsa.Create();
            ecdsa.ImportSubjectPublicKeyInfo(Bytes, out _);
            return ecdsa.VerifyData(data, signature, hash, DSASignatureFormat.Rfc3279DerSequence);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private static ECCurve CurveOf(KeyType type) => type switch
    {
        KeyType.P256 => ECCurve.NamedCurves.nistP256,
        KeyType.P384 => ECCurve.NamedCurves.nistP384,
        _ => ECCurve.NamedCurves.nistP521,
    };

    private static KeyType? TypeOf(ECCurve curve) => curve.IsNamed
        ? (curve.Oid.Value, curve.Oid.FriendlyName) switch
        {
            ("1.2.840.10045.3.1.7", _) or (null, "ECDSA_P256" or "nistP256") => KeyType.P256,
            ("1.3.132.0.34", _) or (null, "ECDSA_P384" or "nistP384") => KeyType.P384,
            ("1.3.132.0.35", _) or (null, "ECDSA_P521" or "nistP521") => KeyType.P521,
            _ => null,
        }
        : null;
}
