using System.Formats.Cbor;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Countersign.Core.WebAuthn;

namespace Countersign.Core.Tests.WebAuthn;

/// <summary>A credential's key pair. Made once each, because making keys is what costs time here.</summary>
internal sealed class TestKey
{
    public static readonly TestKey Es256 = Ec(ECCurve.NamedCurves.nistP256, CoseAlgorithm.ES256, 1, HashAlgorithmName.SHA256);
    public static readonly TestKey OtherEs256 = Ec(ECCurve.NamedCurves.nistP256, CoseAlgorithm.ES256, 1, HashAlgorithmName.SHA256);
    public static readonly TestKey Es384 = Ec(ECCurve.NamedCurves.nistP384, CoseAlgorithm.ES384, 2, HashAlgorithmName.SHA384);
    public static readonly TestKey Es512 = Ec(ECCurve.NamedCurves.nistP521, CoseAlgorithm.ES512, 3, HashAlgorithmName.SHA512);
    public static readonly TestKey Rs256 = Rsa(2048);
    public static readonly TestKey EdDsa = Edwards(CoseAlgorithm.EdDSA, 6, 1087, 32, 64);
    public static readonly TestKey Ed448 = Edwards(CoseAlgorithm.Ed448, 7, 1088, 57, 114);

    private readonly Func<byte[], byte[]> sign;

    private TestKey(CoseAlgorithm algorithm, byte[] cose, Func<byte[], byte[]> sign, AsymmetricAlgorithm? pair)
    {
        Algorithm = algorithm;
        Cose = cose;
        this.sign = sign;
        Pair = pair;
    }

    public CoseAlgorithm Algorithm { get; }

    public byte[] Cose { get; }

    /// <summary>The framework's key; null where it has none.</summary>
    public AsymmetricAlgorithm? Pair { get; }

    public static TestKey Of(CoseAlgorithm algorithm) => algorithm switch
    {
        CoseAlgorithm.ES256 => Es256,
        CoseAlgorithm.ES384 => Es384,
        CoseAlgorithm.ES512 => Es512,
        CoseAlgorithm.RS256 => Rs256,
        CoseAlgorithm.EdDSA => EdDsa,
        _ => Ed448,
    };

    public static TestKey Rsa(int bits)
    {
        var rsa = RSA.Create(bits);
        var parameters = rsa.ExportParameters(false);
        return new(
            CoseAlgorithm.RS256,
            CoseMap((1, 3), (3, -257), (-1, parameters.Modulus!), (-2, parameters.Exponent!)),
            data => rsa.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
            rsa);
    }

    /// <summary>A map in CTAP2's canonical order.</summary>
    public static byte[] CoseMap(params (int Label, object Value)[] members)
    {
        var writer = new CborWriter(CborConformanceMode.Ctap2Canonical);
        writer.WriteStartMap(members.Length);
        foreach (var (label, value) in members)
        {
            writer.WriteInt32(label);
            switch (value)
            {
                case byte[] bytes:
                    writer.WriteByteString(bytes);
                    break;
                case bool flag:
                    writer.WriteBoolean(flag);
                    break;
                default:
                    writer.WriteInt32((int)value);
                    break;
            }
        }

        writer.WriteEndMap();
        return writer.Encode();
    }

    public byte[] Sign(byte[] data) => sign(data);

    private static TestKey Ec(ECCurve curve, CoseAlgorithm algorithm, int crv, HashAlgorithmName hash)
    {
        var key = ECDsa.Create(curve);
        var point = key.ExportParameters(false).Q;
        return new(
            algorithm,
            CoseMap((1, 2), (3, (int)algorithm), (-1, crv), (-2, point.X!), (-3, point.Y!)),
            data => key.SignData(data, hash, DSASignatureFormat.Rfc3279DerSequence),
            key);
    }

    private static TestKey Edwards(CoseAlgorithm algorithm, int crv, int type, int keyLength, int signatureLength)
    {
        var key = NewPrivateKey(type, 0, RandomNumberGenerator.GetBytes(keyLength), (nuint)keyLength);
        var point = new byte[keyLength];
        var length = (nuint)keyLength;
        Assert.Equal(1, GetPublicKey(key, point, ref length));
        return new(algorithm, CoseMap((1, 1), (3, (int)algorithm), (-1, crv), (-2, point)), data => SignEdwards(key, data, signatureLength), null);
    }

    private static byte[] SignEdwards(nint key, byte[] data, int signatureLength)
    {
        var context = NewContext();
        try
        {
            var signature = new byte[signatureLength];
            var length = (nuint)signatureLength;
            Assert.Equal(1, SignInit(context, 0, 0, 0, key));
            Assert.Equal(1, Sign(context, signature, ref length, data, (nuint)data.Length));
            return signature;
        }
        finally
        {
            FreeContext(context);
        }
    }

    [DllImport("libcrypto.so.3", EntryPoint = "EVP_PKEY_new_raw_private_key")]
    private static extern nint NewPrivateKey(int type, nint engine, byte[] key, nuint length);

    [DllImport("libcrypto.so.3", EntryPoint = "EVP_PKEY_get_raw_public_key")]
    private static extern int GetPublicKey(nint key, byte[] point, ref nuint length);

    [DllImport("libcrypto.so.3", EntryPoint = "EVP_MD_CTX_new")]
    private static extern nint NewContext();

    [DllImport("libcrypto.so.3", EntryPoint = "EVP_MD_CTX_free")]
    private static extern void FreeContext(nint context);

    [DllImport("libcrypto.so.3", EntryPoint = "EVP_DigestSignInit")]
    private static extern int SignInit(nint context, nint keyContext, nint digest, nint engine, nint key);

    [DllImport("libcrypto.so.3", EntryPoint = "EVP_DigestSign")]
    private static extern int Sign(nint context, byte[] signature, ref nuint length, byte[] data, nuint dataLength);
}
