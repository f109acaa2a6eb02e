using Countersign.Core.WebAuthn;

namespace Countersign.Core.Tests.WebAuthn;

/// <summary>WebAuthn Level 3 section 7.1, a story for each step.</summary>
public sealed class RegistrationCeremonyTests
{
    private static readonly TestAuthenticator Honest = new();

    [Theory]
    [InlineData(CoseAlgorithm.ES256)]
    [InlineData(CoseAlgorithm.ES384)]
    [InlineData(CoseAlgorithm.ES512)]
    [InlineData(CoseAlgorithm.RS256)]
    [InlineData(CoseAlgorithm.EdDSA)]
    public void A_key_of_every_offered_algorithm_registers(CoseAlgorithm algorithm)
    {
        var authenticator = Honest with { Key = TestKey.Of(algorithm), SignCount = 7, Flags = 0x1d };
        var result = RegistrationCeremony.Verify(authenticator.Expect(), authenticator.Register() with { Transports = ["usb"] });

        Assert.Equal(WebAuthnError.None, result.Error);
        var record = result.Credential!;
        Assert.Equal((algorithm, 7u, true, true, true), (record.Algorithm, record.SignCount, record.UvInitialized, record.BackupEligible, record.BackupState));
        Assert.Equal(authenticator.CredentialId, record.Id.ToArray());
        Assert.Equal(authenticator.Key.Cose, record.PublicKey.ToArray());
        Assert.Equal("00010203-0405-0607-0809-0a0b0c0d0e0f", record.Aaguid.ToString());
        Assert.Equal(["usb"], record.Transports);
        Assert.False(record.Attestation.HardwareAttested);
    }

    [Theory]
    [InlineData("""{"type":"webauthn.get","challenge":"*","origin":"https://git.example.org"}""", WebAuthnError.TypeMismatch)]
    [InlineData("""{"type":"webauthn.Create","challenge":"*","origin":"https://git.example.org"}""", WebAuthnError.TypeMismatch)]
    [InlineData("""{"type":"webauthn.create","challenge":"AAAA","origin":"https://git.example.org"}""", WebAuthnError.ChallengeMismatch)]
    [InlineData("""{"type":"webauthn.create","challenge":"","origin":"https://git.example.org"}""", WebAuthnError.ChallengeMismatch)]
    [InlineData("""{"type":"webauthn.create","challenge":"*=","origin":"https://git.example.org"}""", WebAuthnError.ClientDataMalformed)]
    [InlineData("""{"type":"webauthn.create","challenge":"*","origin":"http://git.example.org"}""", WebAuthnError.OriginMismatch)]
    [InlineData("""{"type":"webauthn.create","challenge":"*","origin":"https://git.example.org:444"}""", WebAuthnError.OriginMismatch)]
    [InlineData("""{"type":"webauthn.create","challenge":"*","origin":"https://GIT.example.org"}""", WebAuthnError.OriginMismatch)]
    [InlineData("""{"type":"webauthn.create","challenge":"*","origin":"https://git.example.org/"}""", WebAuthnError.OriginMismatch)]
    [InlineData("""{"type":"webauthn.create","challenge":"*","origin":"https://evil.git.example.org"}""", WebAuthnError.OriginMismatch)]
    [InlineData("""{"type":"webauthn.create","challenge":"*","origin":"https://git.example.org.evil.test"}""", WebAuthnError.OriginMismatch)]
    [InlineData("""{"type":"webauthn.create","challenge":"*","origin":"https://git.example.org","crossOrigin":true}""", WebAuthnError.CrossOriginRefused)]
    [InlineData("""{"type":"webauthn.create","challenge":"*","origin":"https://git.example.org","topOrigin":"https://git.example.org"}""", WebAuthnError.TopOriginRefused)]
    [InlineData("""{"type":"webauthn.create","challenge":"*","origin":"https://git.example.org","crossOrigin":"false"}""", WebAuthnError.ClientDataMalformed)]
    [InlineData("""{"type":"webauthn.create","challenge":"*","origin":"https://git.example.org","crossOrigin":null}""", WebAuthnError.ClientDataMalformed)]
    [InlineData("""{"type":"webauthn.create","challenge":"*","origin":"https://git.example.org","topOrigin":null}""", WebAuthnError.ClientDataMalformed)]
    [InlineData("""{"type":"webauthn.create","challenge":"*","origin":["https://git.example.org"]}""", WebAuthnError.ClientDataMalformed)]
    [InlineData("""{"type":"webauthn.create","challenge":"*"}""", WebAuthnError.ClientDataMalformed)]
    [InlineData("""{"type":"webauthn.create","challenge":"*","origin":"https://evil.test","origin":"https://git.example.org"}""", WebAuthnError.ClientDataMalformed)]
    [InlineData("""{"type":"webauthn.create","challenge":"*","origin":"https://git.example.org","\u006frigin":"https://evil.test"}""", WebAuthnError.ClientDataMalformed)]
    [InlineData("""{"type":"webauthn.create","challenge":"*","origin":"https://git.example.org\ud800"}""", WebAuthnError.ClientDataMalformed)]
    [InlineData("""{"type":"webauthn.create","challenge":"*","origin":"https://git.example.org","\ud800":1}""", WebAuthnError.ClientDataMalformed)]
    [InlineData("""{"type":"webauthn.create","challenge":"*","origin":"https://git.example.org"}{}""", WebAuthnError.ClientDataMalformed)]
    [InlineData("""{"type":"webauthn.create","challenge":"*","origin":"https://git.example.org",}""", WebAuthnError.ClientDataMalformed)]
    [InlineData("""{"type":"webauthn.create","challenge":"*","origin":"https://git.example.org","x":[[[[[[[[[]]]]]]]]]}""", WebAuthnError.ClientDataMalformed)]
    [InlineData("""["webauthn.create"]""", WebAuthnError.ClientDataMalformed)]
    [InlineData("", WebAuthnError.ClientDataMalformed)]
    public void Client_data_that_say_something_else_are_refused(string clientData, WebAuthnError error) =>
        Refused(Honest with { ClientData = clientData.Replace("*", Honest.Encoded, StringComparison.Ordinal) }, error);

    [Fact]
    public void Client_data_may_have_members_that_are_not_known_yet() =>
        Refused(Honest with { Members = "\"origin\":\"https://example.org:8443\",\"tokenBinding\":{\"status\":\"supported\"},\"new\":[1,{}]" }, WebAuthnError.None);

    [Fact]
    public void Client_data_that_are_too_long_are_refused() =>
        Refused(Honest with { Members = $"\"origin\":\"https://git.example.org\",\"x\":\"{new string('x', WebAuthnLimits.ClientData)}\"" }, WebAuthnError.ClientDataMalformed);

    [Theory]
    [InlineData(new byte[] { 0xef, 0xbb, 0xbf })]
    [InlineData(new byte[] { 0xff })]
    public void Client_data_are_plain_utf_8(byte[] before)
    {
        var response = Honest.Register();
        var bent = response with { ClientDataJson = (byte[])[.. before, .. response.ClientDataJson.Span] };
        Assert.Equal(WebAuthnError.ClientDataMalformed, RegistrationCeremony.Verify(Honest.Expect(), bent).Error);
    }

    [Fact]
    public void A_short_challenge_verifies_nothing() => Refused(Honest with { Challenge = new byte[15] }, WebAuthnError.ChallengeTooShort);

    [Theory]
    [InlineData("git.example.org")]
    [InlineData("evil.test")]
    public void Another_relying_party_id_is_refused(string rpId) => Refused(Honest with { RpId = rpId }, WebAuthnError.RpIdHashMismatch);

    [Theory]
    [InlineData(0x04, WebAuthnError.UserNotPresent)]
    [InlineData(0x01, WebAuthnError.UserNotVerified)]
    [InlineData(0x15, WebAuthnError.BackupStateInvalid)]
    [InlineData(0x85, WebAuthnError.AuthenticatorDataMalformed)] // extensions announced, none there
    public void Flags_that_do_not_satisfy_are_refused(byte flags, WebAuthnError error) => Refused(Honest with { Flags = flags }, error);

    [Fact]
    public void A_registration_without_a_credential_is_refused()
    {
        var response = Honest.Register() with
        {
            AttestationObject = TestAuthenticator.AttestationObject("none", [0xa0], Honest.AuthenticatorData(registration: false)),
        };
        Assert.Equal(WebAuthnError.AttestedCredentialMissing, RegistrationCeremony.Verify(Honest.Expect(), response).Error);
    }

    [Fact]
    public void User_verification_is_asked_for_unless_the_policy_says_otherwise()
    {
        var touched = Honest with { Flags = 0x01 };
        var result = RegistrationCeremony.Verify(touched.Expect() with { RequireUserVerification = false }, touched.Register());
        Assert.False(result.Credential!.UvInitialized);
    }

    [Fact]
    public void Keys_that_may_be_copied_can_be_refused()
    {
        var synced = Honest with { Flags = 0x0d };
        Assert.Equal(
            WebAuthnError.BackupEligibleRefused,
            RegistrationCeremony.Verify(synced.Expect() with { RefuseBackupEligible = true }, synced.Register()).Error);
        Assert.Equal(
            WebAuthnError.None,
            RegistrationCeremony.Verify(Honest.Expect() with { RefuseBackupEligible = true }, Honest.Register()).Error);
    }

    [Fact]
    public void An_algorithm_that_was_not_offered_is_refused()
    {
        Refused(Honest with { Key = TestKey.Ed448 }, WebAuthnError.AlgorithmNotOffered);
        var only = new RelyingParty("example.org", "", ["https://git.example.org"]) { Algorithms = [CoseAlgorithm.EdDSA] };
        Assert.Equal(
            WebAuthnError.AlgorithmNotOffered,
            RegistrationCeremony.Verify(Honest.Expect() with { RelyingParty = only }, Honest.Register()).Error);
    }

    [Theory]
    [InlineData(0, WebAuthnError.CredentialIdInvalid)]
    [InlineData(1, WebAuthnError.None)]
    [InlineData(1023, WebAuthnError.None)]
    [InlineData(1024, WebAuthnError.CredentialIdInvalid)]
    public void Credential_ids_have_1_to_1023_bytes(int length, WebAuthnError error) => Refused(Honest with { CredentialId = new byte[length] }, error);

    [Fact]
    public void The_response_names_the_credential_that_was_made() => Assert.Equal(
        WebAuthnError.CredentialIdInvalid,
        RegistrationCeremony.Verify(Honest.Expect(), Honest.Register() with { Id = new byte[] { 1, 2, 3 } }).Error);

    [Theory]
    [InlineData("android-safetynet")]
    [InlineData("compound")]
    [InlineData("None")]
    [InlineData("")]
    [InlineData("packed ")]
    public void Unknown_formats_are_refused(string format) =>
        Assert.Equal(WebAuthnError.AttestationFormatUnknown, Honest.Verify(format, [0xa0]).Error);

    [Fact]
    public void None_attests_nothing_at_all() => Assert.Equal(
        WebAuthnError.AttestationStatementMalformed,
        Honest.Verify("none", TestStatements.Map(("sig", new byte[8]))).Error);

    [Fact]
    public void Where_trust_is_required_none_and_self_are_refused()
    {
        var expected = Honest.Expect(Honest.Trust(TestAuthority.Trusted.Root)) with { RequireTrustedAttestation = true };
        Assert.Equal(WebAuthnError.AttestationNotTrusted, RegistrationCeremony.Verify(expected, Honest.Register()).Error);
        Assert.Equal(
            WebAuthnError.AttestationNotTrusted,
            RegistrationCeremony.Verify(expected, Honest.Register("packed", TestStatements.PackedSelf(Honest))).Error);
        Assert.Equal(
            WebAuthnError.None,
            RegistrationCeremony.Verify(expected, Honest.Register("packed", TestStatements.Packed(Honest))).Error);
    }

    private static void Refused(TestAuthenticator authenticator, WebAuthnError error) =>
        Assert.Equal(error, RegistrationCeremony.Verify(authenticator.Expect(), authenticator.Register()).Error);
}
