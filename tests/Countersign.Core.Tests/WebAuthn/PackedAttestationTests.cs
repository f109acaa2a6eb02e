using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Countersign.Core.WebAuthn;

namespace Countersign.Core.Tests.WebAuthn;

/// <summary>Section 8.2: full and self attestation.</summary>
public sealed class PackedAttestationTests
{
    private static readonly TestAuthenticator Key = new();
    private static readonly byte[] Root = TestAuthority.Trusted.Root;

    [Fact]
    public void A_certified_model_is_hardware_attested()
    {
        var shape = new CertificateShape { Extensions = [TestAuthority.AaguidExtension(Key.Aaguid)] };
        var result = Key.Verify("packed", TestStatements.Packed(Key, shape), Key.Trust(Root));

        Assert.Equal(WebAuthnError.None, result.Error);
        Assert.Equal(
            new Attestation("packed", AttestationType.Basic, Convert.ToHexStringLower(SHA256.HashData(Root)), true), result.Credential!.Attestation);
    }

    [Theory]
    [InlineData(CoseAlgorithm.ES256)]
    [InlineData(CoseAlgorithm.ES384)]
    [InlineData(CoseAlgorithm.ES512)]
    [InlineData(CoseAlgorithm.RS256)]
    [InlineData(CoseAlgorithm.EdDSA)]
    public void Self_attestation_verifies_and_is_not_hardware(CoseAlgorithm algorithm)
    {
        var key = Key with { Key = TestKey.Of(algorithm) };
        var attestation = key.Verify("packed", TestStatements.PackedSelf(key), key.Trust(Root)).Credential!.Attestation;
        Assert.Equal(new("packed", AttestationType.Self, null, false), attestation);
    }

    [Fact]
    public void Self_attestation_by_another_key_or_for_another_algorithm_is_refused()
    {
        var impostor = Key with { PublicKey = TestKey.OtherEs256.Cose };
        Assert.Equal(WebAuthnError.AttestationSignatureInvalid, impostor.Verify("packed", TestStatements.PackedSelf(impostor)).Error);
        Assert.Equal(WebAuthnError.AttestationAlgorithmMismatch, Key.Verify("packed", TestStatements.PackedSelf(Key, CoseAlgorithm.ES384)).Error);
        Assert.Equal(WebAuthnError.AttestationAlgorithmMismatch, Key.Verify("packed", TestStatements.PackedSelf(Key, CoseAlgorithm.RS1)).Error);
    }

    [Fact]
    public void A_statement_of_another_ceremony_is_refused()
    {
        var other = Key with { Challenge = new byte[32] };
        Assert.Equal(WebAuthnError.AttestationSignatureInvalid, Key.Verify("packed", TestStatements.Packed(other)).Error);
        Assert.Equal(WebAuthnError.AttestationSignatureInvalid, Key.Verify("packed", TestStatements.PackedSelf(other)).Error);
    }

    [Fact]
    public void A_certificate_for_another_model_is_refused()
    {
        var shape = new CertificateShape { Extensions = [TestAuthority.AaguidExtension(new byte[16])] };
        Assert.Equal(WebAuthnError.AttestationAaguidMismatch, Key.Verify("packed", TestStatements.Packed(Key, shape)).Error);
    }

    public static TheoryData<string> BadCertificates => [.. Shapes.Keys];

    private static readonly Dictionary<string, CertificateShape> Shapes = new()
    {
        ["a CA"] = new() { IsAuthority = true },
        ["no basic constraints"] = new() { IsAuthority = null },
        ["no country"] = new() { Subject = "O=Test Keys, OU=Authenticator Attestation, CN=Batch 1" },
        ["no organisation"] = new() { Subject = "C=SE, OU=Authenticator Attestation, CN=Batch 1" },
        ["no unit"] = new() { Subject = "C=SE, O=Test Keys, CN=Batch 1" },
        ["another unit"] = new() { Subject = "C=SE, O=Test Keys, OU=authenticator attestation, CN=Batch 1" },
        ["two units"] = new() { Subject = "C=SE, O=Test Keys, OU=Authenticator Attestation, OU=Web, CN=Batch 1" },
        ["no common name"] = new() { Subject = "C=SE, O=Test Keys, OU=Authenticator Attestation" },
        ["critical AAGUID"] = new() { Extensions = [TestAuthority.AaguidExtension(Key.Aaguid, critical: true)] },
        ["short AAGUID"] = new() { Extensions = [TestAuthority.AaguidExtension(Key.Aaguid[..15])] },
        ["AAGUID that is no octet string"] = new() { Extensions = [new X509Extension("1.3.6.1.4.1.45724.1.1.4", Key.Aaguid, false)] },
    };

    [Theory]
    [MemberData(nameof(BadCertificates))]
    public void Certificates_that_miss_a_requirement_are_refused(string which) => Assert.Equal(
        WebAuthnError.AttestationCertificateInvalid,
        Key.Verify("packed", TestStatements.Packed(Key, Shapes[which]), Key.Trust(Root)).Error);

    [Fact]
    public void The_algorithm_is_that_of_the_attestation_key()
    {
        var signature = TestStatements.SignBatch(Key.ToBeSigned);
        var certificate = TestAuthority.Trusted.Issue(new());
        Assert.Equal(WebAuthnError.AttestationAlgorithmMismatch, Verify(("alg", -257), ("sig", signature), ("x5c", new[] { certificate })));
        Assert.Equal(WebAuthnError.AttestationAlgorithmMismatch, Verify(("alg", -65535), ("sig", signature), ("x5c", new[] { certificate })));
        Assert.Equal(WebAuthnError.AttestationAlgorithmMismatch, Verify(("alg", -999), ("sig", signature), ("x5c", new[] { certificate })));
        Assert.Equal(WebAuthnError.AttestationAlgorithmMismatch, Verify(("alg", 7), ("sig", signature), ("x5c", new[] { certificate })));
    }

    [Fact]
    public void Statements_of_another_form_are_refused()
    {
        var signature = TestStatements.SignBatch(Key.ToBeSigned);
        var certificate = TestAuthority.Trusted.Issue(new());
        var malformed = WebAuthnError.AttestationStatementMalformed;
        Assert.Equal(malformed, Key.Verify("packed", [0xa0]).Error);
        Assert.Equal(malformed, Verify(("alg", -7), ("x5c", new[] { certificate })));
        Assert.Equal(malformed, Verify(("alg", -7), ("sig", "text"), ("x5c", new[] { certificate })));
        Assert.Equal(malformed, Verify(("alg", -7), ("sig", signature), ("x5c", Array.Empty<byte[]>())));
        Assert.Equal(malformed, Verify(("alg", -7), ("sig", signature), ("x5c", certificate)));
        Assert.Equal(malformed, Verify(("alg", -7), ("sig", signature), ("x5c", Enumerable.Repeat(certificate, 9).ToArray())));
        Assert.Equal(malformed, Verify(("alg", -7), ("sig", signature), ("ecdaaKeyId", new byte[4])));
        Assert.Equal(malformed, Verify(("alg", -7), ("sig", signature), ("x5c", new[] { certificate }), ("y", 1)));
    }

    [Fact]
    public void A_certificate_is_der_from_first_byte_to_last()
    {
        var certificate = TestAuthority.Trusted.Issue(new());
        var pem = System.Text.Encoding.ASCII.GetBytes(PemEncoding.WriteString("CERTIFICATE", certificate));
        foreach (var bytes in new[] { [], new byte[3], [.. certificate, 0], certificate[..^1], pem })
        {
            Assert.Equal(WebAuthnError.AttestationCertificateInvalid, Key.Verify("packed", TestStatements.Packed(Key, [bytes])).Error);
        }
    }

    private static WebAuthnError Verify(params (string, object)[] members) => Key.Verify("packed", TestStatements.Map(members)).Error;
}
