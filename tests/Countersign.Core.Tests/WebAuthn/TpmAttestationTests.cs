using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Countersign.Core.WebAuthn;

namespace Countersign.Core.Tests.WebAuthn;

/// <summary>Section 8.3.</summary>
public sealed class TpmAttestationTests
{
    private static readonly TestAuthenticator Key = new();
    private static readonly X509Extension Usage = TpmShape.Usage("2.23.133.8.3");
    private static readonly X509Extension Names = TpmShape.AlternativeName("id:494E5443", "Model", "id:00020008");

    [Theory]
    [InlineData(CoseAlgorithm.ES256)]
    [InlineData(CoseAlgorithm.ES384)]
    [InlineData(CoseAlgorithm.ES512)]
    [InlineData(CoseAlgorithm.RS256)]
    public void A_key_that_the_tpm_certifies_is_hardware_attested(CoseAlgorithm algorithm)
    {
        var key = Key with { Key = TestKey.Of(algorithm) };
        var result = key.Verify("tpm", TestStatements.Tpm(key), key.Trust(TestAuthority.Trusted.Root));
        Assert.Equal(WebAuthnError.None, result.Error);
        Assert.Equal((AttestationType.AttCA, true), (result.Credential!.Attestation.Type, result.Credential.Attestation.HardwareAttested));
    }

    [Fact]
    public void The_attestation_key_may_be_elliptic()
    {
        var shape = new TpmShape { Signer = TestKey.OtherEs256, Algorithm = -7 };
        Assert.Equal(WebAuthnError.None, Key.Verify("tpm", TestStatements.Tpm(Key, shape)).Error);
    }

    [Fact]
    public void A_statement_over_sha_1_registers_but_is_not_hardware_attested()
    {
        var attestation = Key.Verify("tpm", TestStatements.Tpm(Key, new() { Algorithm = -65535 }), Key.Trust(TestAuthority.Trusted.Root))
            .Credential!.Attestation;
        Assert.Equal((true, false), (attestation.IsTrusted, attestation.HardwareAttested));
    }

    [Fact]
    public void Another_key_than_the_credentials_is_refused()
    {
        var area = TpmShape.PublicAreaOf(TestKey.OtherEs256);
        Refused(new() { PublicArea = area }, WebAuthnError.AttestationKeyMismatch);
        Refused(new() { PublicArea = TpmShape.PublicAreaOf(TestKey.Rs256) }, WebAuthnError.AttestationKeyMismatch);
    }

    [Fact]
    public void A_public_area_is_read_to_its_last_byte()
    {
        var area = TpmShape.PublicAreaOf(TestKey.Es256);
        Refused(new() { PublicArea = [.. area, 0] }, WebAuthnError.AttestationKeyMismatch);
        Refused(new() { PublicArea = area[..^1] }, WebAuthnError.AttestationKeyMismatch);
        Refused(new() { PublicArea = [] }, WebAuthnError.AttestationKeyMismatch);
    }

    [Fact]
    public void Names_over_sha_1_are_refused()
    {
        var area = TpmShape.PublicAreaOf(TestKey.Es256);
        area[3] = 0x04;
        Refused(new() { PublicArea = area }, WebAuthnError.AttestationKeyMismatch);
    }

    [Fact]
    public void What_the_tpm_did_not_make_or_certify_is_refused()
    {
        Refused(new() { Magic = 0xff544348 }, WebAuthnError.TpmCertificationInvalid);
        Refused(new() { Type = 0x8018 }, WebAuthnError.TpmCertificationInvalid);
        Refused(new() { Behind = [0] }, WebAuthnError.TpmCertificationInvalid);
        Refused(new() { Name = [0, 0x0b, .. new byte[32]] }, WebAuthnError.TpmCertificationInvalid);
        Refused(new() { Name = [] }, WebAuthnError.TpmCertificationInvalid);
    }

    [Fact]
    public void A_certification_for_another_ceremony_is_refused()
    {
        Refused(new() { ExtraData = SHA256.HashData("another"u8) }, WebAuthnError.AttestationCeremonyMismatch);
        Refused(new() { ExtraData = [] }, WebAuthnError.AttestationCeremonyMismatch);
    }

    [Fact]
    public void The_signature_is_by_the_certified_key_and_its_algorithm()
    {
        Refused(new() { Signer = TestKey.OtherEs256, Algorithm = -257 }, WebAuthnError.AttestationAlgorithmMismatch);
        Refused(new() { Algorithm = -8 }, WebAuthnError.AttestationAlgorithmMismatch);
        Refused(new() { Version = "1.2" }, WebAuthnError.AttestationStatementMalformed);
    }

    public static TheoryData<string> BadCertificates => [.. Shapes.Keys];

    private static readonly Dictionary<string, CertificateShape> Shapes = new()
    {
        ["a subject"] = new() { Subject = "CN=TPM", Extensions = [Usage, Names] },
        ["a CA"] = new() { Subject = "", IsAuthority = true, Extensions = [Usage, Names] },
        ["no basic constraints"] = new() { Subject = "", IsAuthority = null, Extensions = [Usage, Names] },
        ["no usage"] = new() { Subject = "", Extensions = [Names] },
        ["another usage"] = new() { Subject = "", Extensions = [TpmShape.Usage("1.3.6.1.5.5.7.3.1"), Names] },
        ["no names"] = new() { Subject = "", Extensions = [Usage] },
        ["names that are none"] = new() { Subject = "", Extensions = [Usage, new("2.5.29.17", [0x30, 0x02, 0xa4, 0x00], true)] },
        ["no vendor"] = new() { Subject = "", Extensions = [Usage, TpmShape.AlternativeName("Vendor", "Model", "id:1")] },
        ["no model"] = new() { Subject = "", Extensions = [Usage, TpmShape.AlternativeName("id:494E5443", "", "id:1")] },
        ["no version"] = new() { Subject = "", Extensions = [Usage, TpmShape.AlternativeName("id:494E5443", "Model", "id:")] },
    };

    [Theory]
    [MemberData(nameof(BadCertificates))]
    public void Certificates_that_miss_a_requirement_are_refused(string which) =>
        Refused(new() { Certificate = Shapes[which] }, WebAuthnError.AttestationCertificateInvalid);

    [Fact]
    public void A_certificate_for_another_model_is_refused() => Refused(
        new() { Certificate = new() { Subject = "", Extensions = [Usage, Names, TestAuthority.AaguidExtension(new byte[16])] } },
        WebAuthnError.AttestationAaguidMismatch);

    private static void Refused(TpmShape shape, WebAuthnError error) => Assert.Equal(error, Key.Verify("tpm", TestStatements.Tpm(Key, shape)).Error);
}
