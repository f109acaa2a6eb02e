using Countersign.Core.WebAuthn;

namespace Countersign.Core.Tests.WebAuthn;

/// <summary>Section 8.4.</summary>
public sealed class AndroidKeyAttestationTests
{
    private static readonly TestAuthenticator Key = new();

    [Theory]
    [InlineData(1)] // trusted environment
    [InlineData(2)] // StrongBox
    public void A_key_in_hardware_is_hardware_attested(int level)
    {
        var attestation = Verify(new() { SecurityLevel = level }).Credential!.Attestation;
        Assert.Equal((AttestationType.Basic, true, true), (attestation.Type, attestation.IsTrusted, attestation.HardwareAttested));
    }

    [Fact]
    public void A_key_in_software_registers_but_is_not_hardware_attested()
    {
        foreach (var shape in new AndroidShape[] { new() { SecurityLevel = 0 }, new() { InSoftware = true } })
        {
            var attestation = Verify(shape).Credential!.Attestation;
            Assert.Equal((true, false), (attestation.IsTrusted, attestation.HardwareAttested));
        }
    }

    [Fact]
    public void Keys_for_all_applications_imported_or_not_for_signing_are_refused()
    {
        foreach (var shape in new AndroidShape[]
        {
            new() { AllApplications = true },
            new() { AllApplications = true, InSoftware = true },
            new() { Origin = 2 },
            new() { Origin = null },
            new() { SoftwareOrigin = 2 },
            new() { Purposes = null },
            new() { Purposes = [] },
            new() { Purposes = [0] },
            new() { Purposes = [2, 3] },
        })
        {
            Assert.Equal(WebAuthnError.AndroidAuthorizationInvalid, Verify(shape).Error);
        }
    }

    [Fact]
    public void A_description_of_another_form_is_refused()
    {
        Assert.Equal(WebAuthnError.AttestationCertificateInvalid, Verify(new() { SecurityLevel = 3 }).Error);
        Assert.Equal(WebAuthnError.AttestationCertificateInvalid, Verify(new() { SecurityLevel = -1 }).Error);
        var plain = TestAuthority.Trusted.Issue(new(), Key.Key.Pair);
        Assert.Equal(
            WebAuthnError.AttestationCertificateInvalid,
            Key.Verify("android-key", TestStatements.Map(("alg", -7), ("sig", Key.Key.Sign(Key.ToBeSigned)), ("x5c", new[] { plain }))).Error);
    }

    [Fact]
    public void A_key_made_for_another_ceremony_is_refused() =>
        Assert.Equal(WebAuthnError.AttestationCeremonyMismatch, Verify(new() { Challenge = new byte[32] }).Error);

    [Fact]
    public void A_certificate_for_another_key_is_refused() => Assert.Equal(
        WebAuthnError.AttestationKeyMismatch,
        Key.Verify("android-key", TestStatements.AndroidKey(Key, certified: TestKey.OtherEs256)).Error);

    [Fact]
    public void The_signature_and_its_algorithm_are_the_credentials()
    {
        var other = Key with { Challenge = new byte[32] };
        var statement = TestStatements.AndroidKey(Key, new() { Challenge = Key.ClientDataHash });
        Assert.Equal(WebAuthnError.None, Key.Verify("android-key", statement).Error);
        Assert.Equal(WebAuthnError.AttestationSignatureInvalid, other.Verify("android-key", statement).Error);
        Assert.Equal(
            WebAuthnError.AttestationAlgorithmMismatch,
            Key.Verify("android-key", TestStatements.Map(("alg", -257), ("sig", new byte[8]), ("x5c", new[] { TestAuthority.Trusted.Root }))).Error);
    }

    private static RegistrationResult Verify(AndroidShape shape) =>
        Key.Verify("android-key", TestStatements.AndroidKey(Key, shape), Key.Trust(TestAuthority.Trusted.Root));
}
