using System.Buffers.Binary;
using System.Formats.Asn1;
using System.Formats.Cbor;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Countersign.Core.WebAuthn;

namespace Countersign.Core.Tests.WebAuthn;

/// <summary>Attestation statements as authenticators of each format make them (WebAuthn section 8), with parts to bend.</summary>
internal static class TestStatements
{
    public static byte[] Map(params (string Name, object Value)[] members)
    {
        var writer = new CborWriter(CborConformanceMode.Ctap2Canonical);
        writer.WriteStartMap(members.Length);
        foreach (var (name, value) in members)
        {
            writer.WriteTextString(name);
            switch (value)
            {
                case byte[] bytes:
                    writer.WriteByteString(bytes);
                    break;
                case string text:
                    writer.WriteTextString(text);
                    break;
                case byte[][] list:
                    writer.WriteStartArray(list.Length);
                    Array.ForEach(list, writer.WriteByteString);
                    writer.WriteEndArray();
                    break;
                default:
                    writer.WriteInt32((int)value);
                    break;
            }
        }

        writer.WriteEndMap();
        return writer.Encode();
    }

    public static byte[] SignBatch(byte[] data) =>
        TestAuthority.BatchKey.SignData(data, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);

    public static byte[] PackedSelf(TestAuthenticator by, CoseAlgorithm? algorithm = null) =>
        Map(("alg", (int)(algorithm ?? by.Key.Algorithm)), ("sig", by.Key.Sign(by.ToBeSigned)));

    public static byte[] Packed(TestAuthenticator by, params byte[][] certificates) =>
        Map(("alg", -7), ("sig", SignBatch(by.ToBeSigned)), ("x5c", certificates));

    public static byte[] Packed(TestAuthenticator by, CertificateShape? shape = null) =>
        Packed(by, TestAuthority.Trusted.Issue(shape ?? new()));

    public static byte[] FidoU2f(TestAuthenticator by, params byte[][] certificates)
    {
        var key = ((ECDsa)by.Key.Pair!).ExportParameters(false).Q;
        byte[] data = [0, .. by.AuthenticatorData(true)[..32], .. by.ClientDataHash, .. by.CredentialId, 4, .. key.X!, .. key.Y!];
        return Map(("sig", SignBatch(data)), ("x5c", certificates));
    }

    public static byte[] Apple(TestAuthenticator by, byte[]? nonce = null, TestKey? certified = null, CertificateShape? shape = null)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 1, true)))
        {
            writer.WriteOctetString(nonce ?? SHA256.HashData(by.ToBeSigned));
        }

        var extension = new X509Extension("1.2.840.113635.100.8.2", writer.Encode(), false);
        var certificate = TestAuthority.Trusted.Issue((shape ?? new()) with { Extensions = [extension] }, (certified ?? by.Key).Pair);
        return Map(("x5c", new[] { certificate }));
    }

    public static byte[] AndroidKey(TestAuthenticator by, AndroidShape? shape = null, TestKey? certified = null)
    {
        var extension = new X509Extension("1.3.6.1.4.1.11129.2.1.17", (shape ?? new()).Encode(by.ClientDataHash), false);
        var certificate = TestAuthority.Trusted.Issue(new() { IsAuthority = null, Extensions = [extension] }, (certified ?? by.Key).Pair);
        return Map(("alg", (int)by.Key.Algorithm), ("sig", by.Key.Sign(by.ToBeSigned)), ("x5c", new[] { certificate }));
    }

    public static byte[] Tpm(TestAuthenticator by, TpmShape? shape = null)
    {
        shape ??= new();
        var area = shape.PublicArea ?? TpmShape.PublicAreaOf(by.Key);
        var info = shape.CertifyInfo(area, shape.ExtraData ?? shape.Hash(by.ToBeSigned));
        var certificate = TestAuthority.Trusted.Issue(shape.Certificate, shape.Signer.Pair);
        return Map(
            ("ver", shape.Version), ("alg", shape.Algorithm), ("x5c", new[] { certificate }), ("sig", shape.Sign(info)),
            ("certInfo", info), ("pubArea", area));
    }
}

/// <summary>The key description of an Android key.</summary>
internal sealed record AndroidShape
{
    public int SecurityLevel { get; init; } = 1;

    public byte[]? Challenge { get; init; }

    public bool AllApplications { get; init; }

    public int[]? Purposes { get; init; } = [2];

    public int? Origin { get; init; } = 0;

    public bool InSoftware { get; init; }

    public int? SoftwareOrigin { get; init; }

    public byte[] Encode(byte[] clientDataHash)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(300);
            WriteLevel(writer);
            writer.WriteInteger(300);
            WriteLevel(writer);
            writer.WriteOctetString(Challenge ?? clientDataHash);
            writer.WriteOctetString([]);
            WriteList(writer, InSoftware, SoftwareOrigin);
            WriteList(writer, !InSoftware, null);
        }

        return writer.Encode();
    }

    private static Asn1Tag Tag(int number) => new(TagClass.ContextSpecific, number, true);

    private void WriteLevel(AsnWriter writer) => writer.WriteEncodedValue([0x0a, 0x01, (byte)SecurityLevel]); // ENUMERATED

    private void WriteList(AsnWriter writer, bool enforced, int? origin)
    {
        using var list = writer.PushSequence();
        if (enforced && Purposes is { } purposes)
        {
            using var tagged = writer.PushSequence(Tag(1));
            using var set = writer.PushSetOf();
            Array.ForEach(purposes, purpose => writer.WriteInteger(purpose));
        }

        if (enforced)
        {
            using var algorithm = writer.PushSequence(Tag(2)); // a field that nobody asks for
            writer.WriteInteger(3);
        }

        if (enforced && AllApplications)
        {
            using var tagged = writer.PushSequence(Tag(600));
            writer.WriteNull();
        }

        if ((enforced ? Origin : origin) is { } number)
        {
            using var tagged = writer.PushSequence(Tag(702));
            writer.WriteInteger(new BigInteger(number));
        }
    }
}

/// <summary>A TPM's statement.</summary>
internal sealed record TpmShape
{
    public string Version { get; init; } = "2.0";

    public TestKey Signer { get; init; } = TestKey.Rs256;

    public int Algorithm { get; init; } = -257;

    public byte[]? PublicArea { get; init; }

    public byte[]? ExtraData { get; init; }

    public uint Magic { get; init; } = 0xff544347;

    public ushort Type { get; init; } = 0x8017;

    public byte[]? Name { get; init; }

    public byte[] Behind { get; init; } = [];

    public CertificateShape Certificate { get; init; } = new()
    {
        Subject = "",
        Extensions = [Usage("2.23.133.8.3"), AlternativeName("id:494E5443", "Model", "id:00020008")],
    };

    public static X509Extension Usage(string oid) => new X509EnhancedKeyUsageExtension([new Oid(oid)], false);

    public static X509Extension AlternativeName(string manufacturer, string model, string version)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 4, true)))
        using (writer.PushSequence())
        {
            foreach (var (oid, text) in new[] { ("2.23.133.2.1", manufacturer), ("2.23.133.2.2", model), ("2.23.133.2.3", version) })
            {
                using var set = writer.PushSetOf();
                using var pair = writer.PushSequence();
                writer.WriteObjectIdentifier(oid);
                writer.WriteCharacterString(UniversalTagNumber.UTF8String, text);
            }
        }

        return new("2.5.29.17", writer.Encode(), true);
    }

    public static byte[] PublicAreaOf(TestKey key)
    {
        if (key.Pair is RSA rsa)
        {
            var modulus = rsa.ExportParameters(false).Modulus!;
            return [.. Hex("0001000b00060472000000100010"), .. Number(modulus.Length * 8), 0, 0, 0, 0, .. Sized(modulus)];
        }

        var ecdsa = (ECDsa)key.Pair!;
        var point = ecdsa.ExportParameters(false).Q;
        var curve = ecdsa.KeySize switch { 256 => 3, 384 => 4, _ => 5 };
        return [.. Hex("0023000b00060472000000100010"), .. Number(curve), .. Hex("0010"), .. Sized(point.X!), .. Sized(point.Y!)];
    }

    public byte[] CertifyInfo(byte[] area, byte[] extraData)
    {
        var magic = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(magic, Magic);
        return
        [
            .. magic, .. Number(Type), .. Sized(SHA256.HashData("signer"u8)), .. Sized(extraData), .. new byte[17 + 8],
            .. Sized(Name ?? [0, 0x0b, .. SHA256.HashData(area)]), .. Sized([]), .. Behind,
        ];
    }

#pragma warning disable CA5350 // older TPMs do sign over SHA-1, and that is what is tested
    public byte[] Hash(byte[] data) => Algorithm == -65535 ? SHA1.HashData(data) : SHA256.HashData(data);
#pragma warning restore CA5350

    public byte[] Sign(byte[] data) => Algorithm == -65535
        ? ((RSA)Signer.Pair!).SignData(data, HashAlgorithmName.SHA1, RSASignaturePadding.Pkcs1)
        : Signer.Sign(data);

    private static byte[] Hex(string text) => Convert.FromHexString(text);

    private static byte[] Number(int number) => [(byte)(number >> 8), (byte)number];

    private static byte[] Sized(byte[] bytes) => [.. Number(bytes.Length), .. bytes];
}
