using System.Diagnostics.CodeAnalysis;
using System.Formats.Cbor;

namespace Countersign.Core.WebAuthn;

/// <summary>
/// A credential public key (RFC 9052 section 7, WebAuthn section 6.5.1.1). It parses only when its algorithm is known, its
/// type, curve and size fit the algorithm, it has no further members, and its point is on the curve.
/// </summary>
public sealed class CoseKey
{
    // RFC 9052 section 7.1 and RFC 9053 section 7: labels and values.
    private const long Kty = 1;
    private const long Alg = 3;
    private const long Crv = -1;
    private const long X = -2;
    private const long Y = -3;
    private const long Modulus = -1;
    private const long Exponent = -2;
    private const long Okp = 1;
    private const long Ec2 = 2;
    private const long Rsa = 3;

    private CoseKey(CoseAlgorithm algorithm, VerificationKey key, ReadOnlyMemory<byte> encoded)
    {
        Algorithm = algorithm;
        Key = key;
        Encoded = encoded;
    }

    public CoseAlgorithm Algorithm { get; }

    /// <summary>The canonical CBOR.</summary>
    public ReadOnlyMemory<byte> Encoded { get; }

    internal VerificationKey Key { get; }

    public static bool TryParse(ReadOnlyMemory<byte> encoded, [NotNullWhen(true)] out CoseKey? key)
    {
        key = null;
        if (encoded.Length > WebAuthnLimits.PublicKey || StrictCbor.Open(encoded) is not { } reader)
        {
            return false;
        }

        try
        {
            key = Read(reader) is var (algorithm, verification) ? new(algorithm, verification, encoded) : null;
        }
        catch (Exception e) when (e is CborContentException or InvalidOperationException or OverflowException)
        {
            return false; // a member of another type than its label has
        }

        return key is not null;
    }

    public bool Verifies(ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature) => Key.Verifies(Algorithm, data, signature);

    // Canonical order puts the labels in one order only: 1, 3, -1, -2, -3.
    private static (CoseAlgorithm Algorithm, VerificationKey Key)? Read(CborReader reader)
    {
        var members = reader.ReadStartMap();
        if (Number(reader, Kty) is not { } kty || Number(reader, Alg) is not { } number || AlgorithmOf(number) is not { } algorithm)
        {
            return null;
        }

        var key = (kty, members) switch
        {
            (Ec2, 5) when CurveOf(Number(reader, Crv)) is { } curve && algorithm.Fits(curve)
                && Bytes(reader, X) is { } x && Bytes(reader, Y) is { } y => VerificationKey.FromPoint(curve, x, y),
            (Okp, 4) when EdwardsCurveOf(Number(reader, Crv)) is { } curve && algorithm.Fits(curve)
                && Bytes(reader, X) is { } x => VerificationKey.FromEdwardsPoint(curve, x),
            (Rsa, 4) when algorithm.Fits(KeyType.Rsa)
                && Bytes(reader, Modulus) is { } n && Bytes(reader, Exponent) is { } e => VerificationKey.FromModulus(n, e),
            _ => null,
        };
        return key is null ? null : (algorithm, key);
    }

    private static long? Number(CborReader reader, long label) => reader.ReadInt64() == label ? reader.ReadInt64() : null;

    private static byte[]? Bytes(CborReader reader, long label) => reader.ReadInt64() == label ? reader.ReadByteString() : null;

    // RS1 is for a TPM's statements alone.
    private static CoseAlgorithm? AlgorithmOf(long number) =>
        number is >= int.MinValue and <= int.MaxValue && (CoseAlgorithm)number is var algorithm
        && Enum.IsDefined(algorithm) && algorithm != CoseAlgorithm.RS1 ? algorithm : null;

    private static KeyType? CurveOf(long? curve) => curve switch { 1 => KeyType.P256, 2 => KeyType.P384, 3 => KeyType.P521, _ => null };

    private static KeyType? EdwardsCurveOf(long? curve) => curve switch { 6 => KeyType.Ed25519, 7 => KeyType.Ed448, _ => null };
}
