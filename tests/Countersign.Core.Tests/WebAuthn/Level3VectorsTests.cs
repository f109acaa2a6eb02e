using System.Text.Json;
using Countersign.Core.WebAuthn;

namespace Countersign.Core.Tests.WebAuthn;

/// <summary>The test vectors of WebAuthn Level 3 section 16, honest and with single bits changed.</summary>
public sealed class Level3VectorsTests
{
    private static readonly RelyingParty Example = new("example.org", "W3C", ["https://example.org"])
    {
        AllowCrossOrigin = true,
        TopOrigins = ["https://example.com"],
    };

    private static readonly JsonElement File = JsonDocument.Parse(System.IO.File.ReadAllText(Checkout.PathOf("tests/vectors/webauthn-level3.json"))).RootElement;

    public static TheoryData<string> Ids => [.. File.GetProperty("vectors").EnumerateArray().Select(vector => vector.GetProperty("id").GetString()!)];

    [Theory]
    [MemberData(nameof(Ids))]
    public void Registration_and_authentication_verify(string id)
    {
        var (registration, authentication) = Find(id);
        var registered = Register(registration, _ => { });

        Assert.Equal(WebAuthnError.None, registered.Error);
        Assert.Equal(registration["aaguid"], Convert.FromHexString(registered.Credential!.Aaguid.Value.ToString("N")));
        Assert.Equal(registration["credential_id"], registered.Credential.Id.ToArray());
        Assert.Equal(WebAuthnError.None, Authenticate(registered.Credential, authentication, _ => { }).Error);
    }

    [Theory]
    [InlineData("packed-es256", AttestationType.Basic)]
    [InlineData("packed-rs256", AttestationType.Basic)]
    [InlineData("tpm-es256", AttestationType.AttCA)]
    public void Certified_keys_lead_to_the_root_of_the_vectors_and_only_there_are_hardware_attested(string id, AttestationType type)
    {
        var attestation = Register(Find(id).Registration, _ => { }).Credential!.Attestation;
        Assert.Equal((type, true, true), (attestation.Type, attestation.IsTrusted, attestation.HardwareAttested));

        var elsewhere = Register(Find(id).Registration, _ => { }, TestAuthority.Trusted.Root).Credential!.Attestation;
        Assert.Equal((type, false, false), (elsewhere.Type, elsewhere.IsTrusted, elsewhere.HardwareAttested));
    }

    [Theory]
    [InlineData("none-es256", AttestationType.None)]
    [InlineData("packed-self-es256", AttestationType.Self)]
    public void What_has_no_certificate_is_never_hardware_attested(string id, AttestationType type)
    {
        var attestation = Register(Find(id).Registration, _ => { }).Credential!.Attestation;
        Assert.Equal((type, false, false), (attestation.Type, attestation.IsTrusted, attestation.HardwareAttested));
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void An_assertion_with_any_part_changed_is_refused(string id)
    {
        var (registration, authentication) = Find(id);
        var credential = Register(registration, _ => { }).Credential!;
        foreach (var part in authentication.Keys)
        {
            for (var at = 0; at < authentication[part].Length; at += 17)
            {
                Assert.NotEqual(WebAuthnError.None, Authenticate(credential, authentication, parts => parts[part][at] ^= 0x01).Error);
            }
        }
    }

    [Theory]
    [InlineData("packed-es256")]
    [InlineData("tpm-es256")]
    public void An_attested_registration_with_any_part_changed_is_not_trusted(string id)
    {
        var registration = Find(id).Registration;
        foreach (var part in new[] { "challenge", "clientDataJSON", "attestationObject" })
        {
            for (var at = 0; at < registration[part].Length; at += 47)
            {
                Assert.False(Register(registration, parts => parts[part][at] ^= 0x01).Credential?.Attestation.IsTrusted ?? false, $"{part} {at}");
            }
        }
    }

    [Fact]
    public void Frames_are_refused_where_the_relying_party_does_not_expect_them()
    {
        var registration = Find("none-es256-topOrigin").Registration;
        Assert.Equal(WebAuthnError.CrossOriginRefused, Register(registration, Example with { AllowCrossOrigin = false }));
        Assert.Equal(WebAuthnError.TopOriginRefused, Register(registration, Example with { TopOrigins = ["https://example.com:444"] }));
    }

    private static (Dictionary<string, byte[]> Registration, Dictionary<string, byte[]> Authentication) Find(string id)
    {
        var vector = File.GetProperty("vectors").EnumerateArray().Single(vector => vector.GetProperty("id").GetString() == id);
        return (Parts(vector.GetProperty("registration")), Parts(vector.GetProperty("authentication")));
    }

    private static Dictionary<string, byte[]> Parts(JsonElement element) =>
        element.EnumerateObject().ToDictionary(member => member.Name, member => Convert.FromHexString(member.Value.GetString()!));

    private static Dictionary<string, byte[]> Bend(Dictionary<string, byte[]> parts, Action<Dictionary<string, byte[]>> change)
    {
        var copy = parts.ToDictionary(part => part.Key, part => part.Value.ToArray());
        change(copy);
        return copy;
    }

    private static RegistrationResult Register(Dictionary<string, byte[]> honest, Action<Dictionary<string, byte[]>> change, byte[]? root = null)
    {
        var parts = Bend(honest, change);
        var trust = AttestationTrust.Of(
            [root ?? Convert.FromHexString(File.GetProperty("attestation_ca_cert").GetString()!)],
            new HashSet<Aaguid> { Aaguid.Read(parts["aaguid"]) },
            new HashSet<Aaguid>());
        return RegistrationCeremony.Verify(
            new(Example, parts["challenge"], trust, TestAuthority.Now) { RequireUserVerification = false },
            new(parts["credential_id"], parts["clientDataJSON"], parts["attestationObject"], []));
    }

    private static WebAuthnError Register(Dictionary<string, byte[]> parts, RelyingParty relyingParty) => RegistrationCeremony.Verify(
        new(relyingParty, parts["challenge"], AttestationTrust.Empty, TestAuthority.Now) { RequireUserVerification = false },
        new(parts["credential_id"], parts["clientDataJSON"], parts["attestationObject"], [])).Error;

    private static AuthenticationResult Authenticate(
        CredentialRecord credential, Dictionary<string, byte[]> honest, Action<Dictionary<string, byte[]>> change)
    {
        var parts = Bend(honest, change);
        return AuthenticationCeremony.Verify(
            new(Example, parts["challenge"], credential, new byte[] { 1 }) { RequireUserVerification = false },
            new(credential.Id, parts["clientDataJSON"], parts["authenticatorData"], parts["signature"], null));
    }
}
