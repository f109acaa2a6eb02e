using System.Text.Json;
using Countersign.Core.WebAuthn;

namespace Countersign.Core.Tests.WebAuthn;

/// <summary>What the page is told to ask the browser for.</summary>
public sealed class OptionsTests
{
    private static readonly CredentialDescriptor Known = new(new byte[] { 0xff, 0xfe }, ["hybrid", "internal"]);

    [Fact]
    public void A_registration_asks_for_verification_attestation_and_a_new_authenticator()
    {
        var options = new CreationOptions(TestAuthenticator.RelyingParty, new byte[32], new(new byte[] { 1 }, "ann", "Ann \"<A>\""), [Known]);
        var json = JsonDocument.Parse(options.ToJson()).RootElement;

        Assert.Equal("example.org", json.GetProperty("rp").GetProperty("id").GetString());
        Assert.Equal("AQ", json.GetProperty("user").GetProperty("id").GetString());
        Assert.Equal("Ann \"<A>\"", json.GetProperty("user").GetProperty("displayName").GetString());
        Assert.Equal(new string('A', 43), json.GetProperty("challenge").GetString());
        Assert.Equal([-7, -8, -35, -36, -257], json.GetProperty("pubKeyCredParams").EnumerateArray().Select(item => item.GetProperty("alg").GetInt32()));
        Assert.Equal(300_000, json.GetProperty("timeout").GetInt32());
        Assert.Equal("direct", json.GetProperty("attestation").GetString());
        Assert.Equal("required", json.GetProperty("authenticatorSelection").GetProperty("userVerification").GetString());
        Assert.Equal("preferred", json.GetProperty("authenticatorSelection").GetProperty("residentKey").GetString());
        var excluded = json.GetProperty("excludeCredentials")[0];
        Assert.Equal(("public-key", "__4"), (excluded.GetProperty("type").GetString(), excluded.GetProperty("id").GetString()));
        Assert.Equal(["hybrid", "internal"], excluded.GetProperty("transports").EnumerateArray().Select(item => item.GetString()!));
    }

    [Fact]
    public void A_registration_for_signing_in_without_a_name_requires_a_resident_key()
    {
        var options = new CreationOptions(TestAuthenticator.RelyingParty, new byte[32], new(new byte[] { 1 }, "ann", "Ann"), []) { RequireResidentKey = true };
        var selection = JsonDocument.Parse(options.ToJson()).RootElement.GetProperty("authenticatorSelection");
        Assert.Equal(("required", true), (selection.GetProperty("residentKey").GetString(), selection.GetProperty("requireResidentKey").GetBoolean()));
    }

    [Fact]
    public void An_assertion_asks_for_verification_and_the_persons_credentials()
    {
        var options = new RequestOptions(TestAuthenticator.RelyingParty, new byte[32], [CredentialDescriptor.Of(new TestAuthenticator().Record())]);
        var json = JsonDocument.Parse(options.ToJson()).RootElement;
        Assert.Equal(("example.org", "required"), (json.GetProperty("rpId").GetString(), json.GetProperty("userVerification").GetString()));
        var allowed = json.GetProperty("allowCredentials")[0];
        Assert.Equal(43, allowed.GetProperty("id").GetString()!.Length);
        Assert.False(allowed.TryGetProperty("transports", out _));
    }

    [Fact]
    public void A_challenge_is_bound_to_nonce_and_operation_and_can_be_recomputed()
    {
        var nonce = Enumerable.Range(0, 16).Select(i => (byte)i).ToArray();
        // printf of the three parts with their lengths, piped through sha256sum.
        Assert.Equal(
            "bc8d18be605dfbbcac3c09675cc074b8195f80a41551fd4c77c394d3c409de8b",
            Convert.ToHexStringLower(WebAuthnChallenge.For(nonce, new string('a', 64))));
        Assert.NotEqual(WebAuthnChallenge.For(nonce, new string('b', 64)), WebAuthnChallenge.For(nonce, new string('a', 64)));
        Assert.NotEqual(WebAuthnChallenge.For(new byte[16], ""), WebAuthnChallenge.For(nonce, ""));
        Assert.NotEqual(WebAuthnChallenge.For(new byte[17], ""), WebAuthnChallenge.For(new byte[16], ""));
    }

    [Theory]
    [InlineData(15, "")]
    [InlineData(16, "abc")]
    [InlineData(16, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public void A_challenge_is_not_made_of_short_nonces_or_other_digests(int nonce, string digest) =>
        Assert.Throws<ArgumentException>(() => WebAuthnChallenge.For(new byte[nonce], digest));

    [Theory]
    [InlineData("example.org", "https://example.org")]
    [InlineData("example.org", "https://git.example.org:8443")]
    [InlineData("localhost", "http://localhost:8080")]
    public void A_relying_party_has_secure_origins_within_its_id(string rpId, string origin) => Assert.Equal([origin], new RelyingParty(rpId, "", [origin]).Origins);

    [Theory]
    [InlineData("example.org", "http://example.org")]
    [InlineData("example.org", "https://example.org/")]
    [InlineData("example.org", "https://example.org:443")]
    [InlineData("example.org", "https://notexample.org")]
    [InlineData("example.org", "https://example.com")]
    [InlineData("example.org", "example.org")]
    [InlineData("example.org", "https://user@example.org")]
    [InlineData("git.example.org", "https://example.org")]
    [InlineData("Example.org", "https://Example.org")]
    [InlineData("127.0.0.1", "http://127.0.0.1:8080")]
    [InlineData("", "https://example.org")]
    public void A_relying_party_of_another_form_is_a_wrong_configuration(string rpId, string origin) =>
        Assert.ThrowsAny<ArgumentException>(() => new RelyingParty(rpId, "", [origin]));

    [Fact]
    public void A_relying_party_without_origins_is_a_wrong_configuration() => Assert.Throws<ArgumentException>(() => new RelyingParty("example.org", "", []));

    [Theory]
    [InlineData("00000000-0000-0000-0000-000000000000", true)]
    [InlineData("ee882879-721c-4913-9775-3dfcce97072a", true)]
    [InlineData("ee882879721c491397753dfcce97072a", false)]
    [InlineData(null, false)]
    public void A_model_is_written_as_vendors_write_it(string? text, bool parses)
    {
        Assert.Equal(parses, Aaguid.TryParse(text, out var aaguid));
        Assert.True(!parses || (aaguid.ToString() == text && aaguid.IsZero == text.StartsWith('0')));
    }
}
