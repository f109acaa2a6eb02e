using Countersign.Core.WebAuthn;

namespace Countersign.Core.Tests.WebAuthn;

/// <summary>WebAuthn Level 3 section 7.2, a story for each step.</summary>
public sealed class AuthenticationCeremonyTests
{
    private static readonly byte[] Ann = [1, 2, 3, 4];
    private static readonly TestAuthenticator Honest = new();

    [Theory]
    [InlineData(CoseAlgorithm.ES256)]
    [InlineData(CoseAlgorithm.ES384)]
    [InlineData(CoseAlgorithm.ES512)]
    [InlineData(CoseAlgorithm.RS256)]
    [InlineData(CoseAlgorithm.EdDSA)]
    public void An_assertion_by_the_credential_verifies_and_no_other_key_does(CoseAlgorithm algorithm)
    {
        var authenticator = Honest with { Key = TestKey.Of(algorithm) };
        Assert.Equal(WebAuthnError.None, Verify(authenticator).Error);

        var response = authenticator.Authenticate();
        var bent = response.Signature.ToArray();
        bent[^1] ^= 1;
        Assert.Equal(WebAuthnError.SignatureInvalid, AuthenticationCeremony.Verify(Expect(authenticator), response with { Signature = bent }).Error);
        Assert.Equal(WebAuthnError.SignatureInvalid, AuthenticationCeremony.Verify(Expect(authenticator), response with { Signature = default }).Error);
    }

    [Fact]
    public void Ed448_verifies_where_it_is_offered()
    {
        var authenticator = Honest with { Key = TestKey.Ed448 };
        Assert.Equal(WebAuthnError.AlgorithmNotOffered, Verify(authenticator).Error);
        var party = TestAuthenticator.RelyingParty with { Algorithms = [CoseAlgorithm.Ed448] };
        Assert.Equal(WebAuthnError.None, AuthenticationCeremony.Verify(Expect(authenticator) with { RelyingParty = party }, authenticator.Authenticate()).Error);
    }

    [Fact]
    public void Somebody_elses_valid_assertion_is_refused()
    {
        var mallory = Honest with { Key = TestKey.OtherEs256, CredentialId = [9, 9] };
        Assert.Equal(WebAuthnError.CredentialNotAllowed, AuthenticationCeremony.Verify(Expect(Honest), mallory.Authenticate()).Error);
        // Under the stolen id, her key does not fit.
        Assert.Equal(
            WebAuthnError.SignatureInvalid,
            AuthenticationCeremony.Verify(Expect(Honest), (mallory with { CredentialId = Honest.CredentialId }).Authenticate()).Error);
    }

    [Fact]
    public void Only_credentials_that_were_asked_for_will_do()
    {
        var expected = Expect(Honest) with { AllowedCredentials = [new byte[] { 5 }] };
        Assert.Equal(WebAuthnError.CredentialNotAllowed, AuthenticationCeremony.Verify(expected, Honest.Authenticate()).Error);
        expected = expected with { AllowedCredentials = [new byte[] { 5 }, Honest.CredentialId] };
        Assert.Equal(WebAuthnError.None, AuthenticationCeremony.Verify(expected, Honest.Authenticate()).Error);
    }

    [Fact]
    public void The_user_handle_is_the_persons_and_must_be_there_when_nobody_is_known_yet()
    {
        var unknown = Expect(Honest) with { RequireUserHandle = true };
        Assert.Equal(WebAuthnError.UserHandleMissing, AuthenticationCeremony.Verify(unknown, Honest.Authenticate()).Error);
        Assert.Equal(WebAuthnError.None, AuthenticationCeremony.Verify(unknown, Honest.Authenticate(Ann)).Error);
        Assert.Equal(WebAuthnError.UserHandleMismatch, AuthenticationCeremony.Verify(unknown, Honest.Authenticate([7])).Error);
        Assert.Equal(WebAuthnError.UserHandleMismatch, AuthenticationCeremony.Verify(Expect(Honest), Honest.Authenticate([7])).Error);
        Assert.Equal(WebAuthnError.UserHandleMismatch, AuthenticationCeremony.Verify(Expect(Honest), Honest.Authenticate([])).Error);
    }

    [Fact]
    public void A_registration_is_no_assertion() => Refused(
        Honest with { ClientData = $$"""{"type":"webauthn.create","challenge":"{{Honest.Encoded}}","origin":"https://git.example.org"}""" },
        WebAuthnError.TypeMismatch);

    [Fact]
    public void An_assertion_for_one_operation_is_refused_for_another()
    {
        var nonce = new byte[16];
        var push = WebAuthnChallenge.For(nonce, new string('a', 64));
        var delete = WebAuthnChallenge.For(nonce, new string('b', 64));
        var response = (Honest with { Challenge = push }).Authenticate();
        Assert.Equal(WebAuthnError.None, AuthenticationCeremony.Verify(Expect(Honest) with { Challenge = push }, response).Error);
        Assert.Equal(WebAuthnError.ChallengeMismatch, AuthenticationCeremony.Verify(Expect(Honest) with { Challenge = delete }, response).Error);
    }

    [Fact]
    public void An_empty_challenge_is_never_expected() => Assert.Equal(
        WebAuthnError.ChallengeTooShort,
        AuthenticationCeremony.Verify(Expect(Honest) with { Challenge = default }, (Honest with { Challenge = [] }).Authenticate()).Error);

    [Theory]
    [InlineData("\"origin\":\"https://evil.test\"", WebAuthnError.OriginMismatch)]
    [InlineData("\"origin\":\"https://git.example.org\",\"crossOrigin\":true", WebAuthnError.CrossOriginRefused)]
    [InlineData("\"origin\":\"https://git.example.org\",\"crossOrigin\":false,\"topOrigin\":\"https://evil.test\"", WebAuthnError.TopOriginRefused)]
    public void Other_pages_are_refused(string members, WebAuthnError error) => Refused(Honest with { Members = members }, error);

    [Theory]
    [InlineData(0x04, WebAuthnError.UserNotPresent)]
    [InlineData(0x01, WebAuthnError.UserNotVerified)]
    [InlineData(0x15, WebAuthnError.BackupStateInvalid)]
    [InlineData(0x0d, WebAuthnError.BackupEligibilityChanged)]
    [InlineData(0x45, WebAuthnError.AuthenticatorDataMalformed)] // announces a credential, none there
    public void Flags_that_do_not_satisfy_are_refused(byte flags, WebAuthnError error) =>
        Assert.Equal(error, AuthenticationCeremony.Verify(Expect(Honest), (Honest with { Flags = flags }).Authenticate()).Error);

    [Fact]
    public void Eligibility_cannot_be_lost_either()
    {
        var synced = Honest with { Flags = 0x0d };
        Assert.Equal(WebAuthnError.BackupEligibilityChanged, AuthenticationCeremony.Verify(Expect(synced), Honest.Authenticate()).Error);
        var backedUp = AuthenticationCeremony.Verify(Expect(synced), (synced with { Flags = 0x1d }).Authenticate());
        Assert.True(backedUp.Credential!.BackupState);
    }

    [Fact]
    public void Another_relying_party_id_is_refused() =>
        Assert.Equal(WebAuthnError.RpIdHashMismatch, AuthenticationCeremony.Verify(Expect(Honest), (Honest with { RpId = "evil.test" }).Authenticate()).Error);

    [Fact]
    public void An_assertion_carries_no_new_credential()
    {
        var data = Honest.AuthenticatorData(registration: true);
        var client = Honest.ClientDataFor("webauthn.get");
        var signature = Honest.Key.Sign([.. data, .. System.Security.Cryptography.SHA256.HashData(client)]);
        var response = new AuthenticationResponse(Honest.CredentialId, client, data, signature, null);
        Assert.Equal(WebAuthnError.AttestedCredentialUnexpected, AuthenticationCeremony.Verify(Expect(Honest), response).Error);
    }

    [Theory]
    [InlineData(0u, 0u, WebAuthnError.None)]
    [InlineData(0u, 1u, WebAuthnError.None)]
    [InlineData(5u, 6u, WebAuthnError.None)]
    [InlineData(5u, 5u, WebAuthnError.SignCountNotIncreased)]
    [InlineData(5u, 4u, WebAuthnError.SignCountNotIncreased)]
    [InlineData(5u, 0u, WebAuthnError.SignCountNotIncreased)] // fell back: a clone that does not count
    [InlineData(uint.MaxValue, 1u, WebAuthnError.SignCountNotIncreased)]
    public void The_counter_only_rises(uint stored, uint sent, WebAuthnError error)
    {
        var expected = Expect(Honest);
        expected = expected with { Credential = expected.Credential with { SignCount = stored } };
        var result = AuthenticationCeremony.Verify(expected, (Honest with { SignCount = sent }).Authenticate());
        Assert.Equal(error, result.Error);
        Assert.Equal(error == WebAuthnError.None ? sent : null, result.Credential?.SignCount);
    }

    [Fact]
    public void A_later_verified_owner_does_not_make_up_for_an_unverified_registration()
    {
        var expected = Expect(Honest);
        expected = expected with { Credential = expected.Credential with { UvInitialized = false } };
        var result = AuthenticationCeremony.Verify(expected, Honest.Authenticate());
        Assert.True(result.UserVerified);
        Assert.False(result.Credential!.UvInitialized);
    }

    [Fact]
    public void A_damaged_record_verifies_nothing()
    {
        var expected = Expect(Honest);
        Assert.Equal(
            WebAuthnError.PublicKeyInvalid,
            AuthenticationCeremony.Verify(expected with { Credential = expected.Credential with { PublicKey = new byte[] { 0xa0 } } }, Honest.Authenticate()).Error);
        Assert.Equal(
            WebAuthnError.PublicKeyInvalid,
            AuthenticationCeremony.Verify(expected with { Credential = expected.Credential with { Algorithm = CoseAlgorithm.ES384 } }, Honest.Authenticate()).Error);
    }

    [Fact]
    public void Extension_outputs_are_allowed_and_nothing_behind_them()
    {
        byte[] extensions = [0xa1, 0x61, (byte)'x', 0xf5];
        Assert.Equal(WebAuthnError.None, Verify(Honest with { Extensions = extensions }).Error);
        Refused(Honest with { Extensions = [.. extensions, 0x00] }, WebAuthnError.AuthenticatorDataMalformed);
        Refused(Honest with { Extensions = [0xa0] }, WebAuthnError.AuthenticatorDataMalformed);
        Refused(Honest with { Extensions = [0xa1, 0x01, 0xf5] }, WebAuthnError.AuthenticatorDataMalformed);
        Refused(Honest with { Extensions = [0xf5] }, WebAuthnError.AuthenticatorDataMalformed);
    }

    private static AuthenticationExpectation Expect(TestAuthenticator authenticator) =>
        new(TestAuthenticator.RelyingParty, authenticator.Challenge, authenticator.Record(), Ann);

    private static AuthenticationResult Verify(TestAuthenticator authenticator) =>
        AuthenticationCeremony.Verify(Expect(authenticator), authenticator.Authenticate());

    private static void Refused(TestAuthenticator authenticator, WebAuthnError error) => Assert.Equal(error, Verify(authenticator).Error);
}
