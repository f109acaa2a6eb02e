using Countersign.Core.WebAuthn;

namespace Countersign.Core.Tests.WebAuthn;

/// <summary>Sections 8.6 and 8.8.</summary>
public sealed class AppleAndU2fAttestationTests
{
    private static readonly TestAuthenticator Key = new();
    private static readonly byte[] Root = TestAuthority.Trusted.Root;
    private static readonly CertificateShape U2f = new() { Subject = "CN=U2F", IsAuthority = null };

    [Fact]
    public void Apples_certificate_for_this_ceremony_and_key_is_hardware_attested()
    {
        var attestation = Key.Verify("apple", TestStatements.Apple(Key), Key.Trust(Root)).Credential!.Attestation;
        Assert.Equal((AttestationType.AnonCA, true), (attestation.Type, attestation.HardwareAttested));
        Assert.False(Key.Verify("apple", TestStatements.Apple(Key)).Credential!.Attestation.IsTrusted);
    }

    [Fact]
    public void Apples_certificate_for_another_ceremony_or_key_is_refused()
    {
        Assert.Equal(WebAuthnError.AttestationCeremonyMismatch, Key.Verify("apple", TestStatements.Apple(Key, new byte[32])).Error);
        Assert.Equal(WebAuthnError.AttestationKeyMismatch, Key.Verify("apple", TestStatements.Apple(Key, certified: TestKey.OtherEs256)).Error);
        Assert.Equal(WebAuthnError.AttestationCertificateInvalid, Key.Verify("apple", TestStatements.Apple(Key, shape: new() { IsAuthority = true })).Error);
        Assert.Equal(
            WebAuthnError.AttestationCeremonyMismatch,
            Key.Verify("apple", TestStatements.Map(("x5c", new[] { TestAuthority.Trusted.Issue(new(), Key.Key.Pair) }))).Error);
    }

    [Fact]
    public void Apple_statements_of_another_form_are_refused()
    {
        var certificate = TestAuthority.Trusted.Issue(new(), Key.Key.Pair);
        Assert.Equal(WebAuthnError.AttestationStatementMalformed, Key.Verify("apple", [0xa0]).Error);
        Assert.Equal(
            WebAuthnError.AttestationStatementMalformed,
            Key.Verify("apple", TestStatements.Map(("x5c", new[] { certificate }), ("sig", new byte[1]))).Error);
        Assert.Equal(
            WebAuthnError.AttestationAlgorithmMismatch,
            Key.Verify("apple", TestStatements.Map(("alg", -8), ("x5c", new[] { certificate }))).Error);
    }

    [Fact]
    public void U2f_registers_but_cannot_vouch_for_a_model_because_its_signature_leaves_the_aaguid_out()
    {
        var attestation = Key.Verify("fido-u2f", TestStatements.FidoU2f(Key, TestAuthority.Trusted.Issue(U2f)), Key.Trust(Root)).Credential!.Attestation;
        Assert.Equal((AttestationType.Basic, true, false), (attestation.Type, attestation.IsTrusted, attestation.HardwareAttested));
    }

    [Fact]
    public void A_u2f_statement_has_exactly_one_certificate_of_a_p256_key_that_is_no_authority()
    {
        var certificate = TestAuthority.Trusted.Issue(U2f);
        Assert.Equal(WebAuthnError.AttestationStatementMalformed, Key.Verify("fido-u2f", TestStatements.FidoU2f(Key)).Error);
        Assert.Equal(WebAuthnError.AttestationStatementMalformed, Key.Verify("fido-u2f", TestStatements.FidoU2f(Key, certificate, certificate)).Error);
        Assert.Equal(
            WebAuthnError.AttestationCertificateInvalid,
            Key.Verify("fido-u2f", TestStatements.FidoU2f(Key, TestAuthority.Trusted.Issue(U2f, TestKey.Es384.Pair))).Error);
        Assert.Equal(
            WebAuthnError.AttestationCertificateInvalid,
            Key.Verify("fido-u2f", TestStatements.FidoU2f(Key, TestAuthority.Trusted.Issue(U2f with { IsAuthority = true }))).Error);
    }

    [Fact]
    public void A_u2f_signature_covers_the_ceremony_the_id_and_the_key()
    {
        var certificate = TestAuthority.Trusted.Issue(U2f);
        var statement = TestStatements.FidoU2f(Key, certificate);
        foreach (var other in new[]
        {
            Key with { Challenge = new byte[32] },
            Key with { CredentialId = [1] },
            Key with { Key = TestKey.OtherEs256 },
        })
        {
            Assert.Equal(WebAuthnError.AttestationSignatureInvalid, other.Verify("fido-u2f", statement).Error);
        }

        Assert.Equal(WebAuthnError.AttestationAlgorithmMismatch, (Key with { Key = TestKey.EdDsa }).Verify("fido-u2f", statement).Error);
    }
}
