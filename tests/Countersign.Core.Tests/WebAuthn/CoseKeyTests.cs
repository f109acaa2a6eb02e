using System.Security.Cryptography;
using Countersign.Core.WebAuthn;

namespace Countersign.Core.Tests.WebAuthn;

/// <summary>Keys that are not exactly what their algorithm asks for do not exist.</summary>
public sealed class CoseKeyTests
{
    private static readonly ECPoint Point = ((ECDsa)TestKey.Es256.Pair!).ExportParameters(false).Q;

    [Fact]
    public void Every_algorithms_key_parses_and_verifies_its_own_signature_only()
    {
        var data = "data"u8.ToArray();
        foreach (var key in new[] { TestKey.Es256, TestKey.Es384, TestKey.Es512, TestKey.Rs256, TestKey.EdDsa, TestKey.Ed448 })
        {
            Assert.True(CoseKey.TryParse(key.Cose, out var parsed));
            Assert.Equal(key.Algorithm, parsed.Algorithm);
            var signature = key.Sign(data);
            Assert.True(parsed.Verifies(data, signature));
            Assert.False(parsed.Verifies("date"u8, signature));
            Assert.False(parsed.Verifies(data, [.. signature, 0]));
            Assert.False(parsed.Verifies(data, []));
            Assert.False(parsed.Verifies(data, new byte[signature.Length]));
        }
    }

    /// <summary>RFC 8032 section 7.1, test 2.</summary>
    [Fact]
    public void Ed25519_verifies_the_vector_of_its_rfc()
    {
        var point = Convert.FromHexString("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
        var signature = Convert.FromHexString(
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
        Assert.True(CoseKey.TryParse(TestKey.CoseMap((1, 1), (3, -8), (-1, 6), (-2, point)), out var key));
        Assert.True(key.Verifies([0x72], signature));
        Assert.False(key.Verifies([0x73], signature));
    }

    [Theory]
    [InlineData(1, 2, -35, 1)] // ES384 on P-256
    [InlineData(1, 2, -7, 2)] // ES256 on P-384
    [InlineData(1, 2, -8, 1)]
    [InlineData(1, 2, -257, 1)]
    [InlineData(1, 2, -7, 8)] // secp256k1
    [InlineData(1, 2, -47, 8)]
    [InlineData(1, 1, -7, 1)]
    [InlineData(1, 3, -7, 1)]
    [InlineData(1, 4, -7, 1)]
    [InlineData(1, 2, -65535, 1)]
    [InlineData(1, 2, 7, 1)]
    public void Types_and_curves_that_do_not_fit_the_algorithm_are_refused(int label, int type, int algorithm, int curve) =>
        Refused(TestKey.CoseMap((label, type), (3, algorithm), (-1, curve), (-2, Point.X!), (-3, Point.Y!)));

    [Fact]
    public void Points_off_the_curve_or_of_another_form_are_refused()
    {
        byte[] off = [.. Point.Y!];
        off[^1] ^= 1;
        Refused(Ec(Point.X!, off));
        Refused(Ec(new byte[32], new byte[32]));
        Refused(Ec(Point.X!, true)); // compressed
        Refused(Ec((byte[])[0, .. Point.X!], Point.Y!));
        Refused(Ec(Point.X![1..], Point.Y!));
        Refused(TestKey.CoseMap((1, 2), (3, -7), (-1, 1), (-2, Point.X!)));
        Refused(TestKey.CoseMap((1, 2), (3, -7), (-1, 1), (-2, Point.X!), (-3, Point.Y!), (-4, new byte[32]))); // a private key
    }

    [Fact]
    public void Weak_rsa_is_refused()
    {
        var strong = ((RSA)TestKey.Rs256.Pair!).ExportParameters(false);
        var modulus = strong.Modulus!;
        Refused(TestKey.Rsa(1024).Cose);
        Refused(Rsa([0, .. modulus], strong.Exponent!));
        Refused(Rsa([.. modulus.AsSpan(0, 255), 0], strong.Exponent!));
        Refused(Rsa(new byte[1025], strong.Exponent!));
        foreach (var exponent in new byte[][] { [], [1], [3], [1, 0, 0], [0, 1, 0, 1], [1, 0, 0, 0, 1] })
        {
            Refused(Rsa(modulus, exponent));
        }
    }

    [Theory]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("0100000000000000000000000000000000000000000000000000000000000080")]
    [InlineData("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    [InlineData("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85")]
    [InlineData("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af466")]
    public void Edwards_points_of_small_order_or_another_length_are_refused(string point) =>
        Refused(TestKey.CoseMap((1, 1), (3, -8), (-1, 6), (-2, Convert.FromHexString(point))));

    [Theory]
    [InlineData("bf010203262001ff")] // indefinite length
    [InlineData("a5010203382620012158200000")] // cut short
    [InlineData("a201020102")] // twice the same label
    [InlineData("a203260102")] // not sorted
    [InlineData("a11801")] // not the shortest form
    [InlineData("c0a0")] // a tag
    [InlineData("a0")]
    [InlineData("80")]
    [InlineData("")]
    [InlineData("a10102ff")]
    [InlineData("bb7fffffffffffffff")] // more members than bytes
    [InlineData("9b7fffffffffffffff")]
    [InlineData("5b7fffffffffffffff")]
    public void Cbor_that_is_not_canonical_is_refused(string hex) => Refused(Convert.FromHexString(hex));

    [Fact]
    public void Trailing_and_reordered_bytes_are_refused()
    {
        var cose = TestKey.Es256.Cose;
        Refused([.. cose, 0]);
        Refused([0xbf, .. cose[1..], 0xff]); // the same members, indefinite length
        Refused([0xa5, .. cose[3..5], .. cose[1..3], .. cose[5..]]); // alg before kty
        Refused([0xa5, 0x18, 0x01, .. cose[2..]]); // label 1 in two bytes
    }

    private static byte[] Ec(object x, object y) => TestKey.CoseMap((1, 2), (3, -7), (-1, 1), (-2, x), (-3, y));

    private static byte[] Rsa(byte[] modulus, byte[] exponent) => TestKey.CoseMap((1, 3), (3, -257), (-1, modulus), (-2, exponent));

    private static void Refused(byte[] cose) => Assert.False(CoseKey.TryParse(cose, out _));
}
