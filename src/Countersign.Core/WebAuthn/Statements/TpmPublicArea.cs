using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Countersign.Core.WebAuthn.Statements;

/// <summary>The TPMT_PUBLIC of a statement (TPM 2.0 Library part 2, section 12.2.4): the key, and the name that the TPM knows it by.</summary>
internal sealed record TpmPublicArea(VerificationKey Key, byte[] Name)
{
    private const ushort AlgRsa = 0x0001;
    private const ushort AlgEcc = 0x0023;
    private const ushort AlgNull = 0x0010;
    private const uint DefaultExponent = 65537;

    public static TpmPublicArea? Read(byte[] bytes)
    {
        var reader = new TpmReader(bytes);
        var type = reader.UInt16();
        var nameAlgorithm = reader.UInt16();
        reader.UInt32(); // objectAttributes
        reader.Sized(); // authPolicy
        if (reader.UInt16() != AlgNull) // symmetric: for storage keys only
        {
            return null;
        }

        var key = type switch
        {
            AlgRsa => ReadRsa(ref reader),
            AlgEcc => ReadEcc(ref reader),
            _ => null,
        };
        return key is not null && reader.Ended && NameOf(nameAlgorithm, bytes) is { } name ? new(key, name) : null;
    }

    private static VerificationKey? ReadRsa(ref TpmReader reader)
    {
        SkipScheme(ref reader);
        var bits = reader.UInt16();
        var exponent = reader.UInt32();
        var modulus = reader.Sized();
        var e = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(e, exponent == 0 ? DefaultExponent : exponent);
        return modulus.Length * 8 == bits ? VerificationKey.FromModulus(modulus, e.AsSpan().TrimStart((byte)0).ToArray()) : null;
    }

    private static VerificationKey? ReadEcc(ref TpmReader reader)
    {
        SkipScheme(ref reader);
        // TPM_ECC_NIST_P256, P384, P521.
        KeyType? curve = reader.UInt16() switch { 3 => KeyType.P256, 4 => KeyType.P384, 5 => KeyType.P521, _ => null };
        SkipScheme(ref reader); // kdf
        var x = reader.Sized();
        var y = reader.Sized();
        return curve is { } known && Pad(x, known) is { } paddedX && Pad(y, known) is { } paddedY
            ? VerificationKey.FromPoint(known, paddedX, paddedY)
            : null;
    }

    // Some TPMs leave leading zeros of a coordinate away.
    private static byte[]? Pad(byte[] coordinate, KeyType curve) =>
        VerificationKey.CoordinateLength(curve) is var length && coordinate.Length <= length
            ? [.. new byte[length - coordinate.Length], .. coordinate]
            : null;

    private static void SkipScheme(ref TpmReader reader)
    {
        if (reader.UInt16() != AlgNull)
        {
            reader.UInt16(); // its hash
        }
    }

    // Part 1, section 16: Name = nameAlg || H(publicArea). SHA-1 names are refused: two keys could share one.
    private static byte[]? NameOf(ushort algorithm, byte[] bytes) => algorithm switch
    {
        0x000B => [0x00, 0x0B, .. SHA256.HashData(bytes)],
        0x000C => [0x00, 0x0C, .. SHA384.HashData(bytes)],
        0x000D => [0x00, 0x0D, .. SHA512.HashData(bytes)],
        _ => null,
    };
}
