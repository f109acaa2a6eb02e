using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Countersign.Core.WebAuthn;

namespace Countersign.Core.Tests.WebAuthn;

/// <summary>7.1 steps 24 and 25: who may say that a key lives in hardware.</summary>
public sealed class AttestationTrustTests
{
    private static readonly TestAuthenticator Key = new();
    private static readonly byte[] Root = TestAuthority.Trusted.Root;
    private static readonly Aaguid Model = Aaguid.Read(Key.Aaguid);
    private static readonly HashSet<Aaguid> None = [];

    [Fact]
    public void Without_roots_nothing_is_trusted() => Untrusted(Attest(TestStatements.Packed(Key), AttestationTrust.Empty));

    [Fact]
    public void A_root_of_the_same_name_with_another_key_is_not_the_root()
    {
        Untrusted(Attest(TestStatements.Packed(Key), Key.Trust(TestAuthority.Stranger.Root)));
        Untrusted(Attest(TestStatements.Packed(Key, TestAuthority.Stranger.Issue(new())), Key.Trust(Root)));
        // Nor does bringing the stranger's root along help.
        Untrusted(Attest(TestStatements.Packed(Key, TestAuthority.Stranger.Issue(new()), TestAuthority.Stranger.Root), Key.Trust(Root)));
    }

    [Fact]
    public void The_root_may_come_along_and_the_right_one_of_many_is_found()
    {
        var packed = TestStatements.Packed(Key, TestAuthority.Trusted.Issue(new()), Root);
        Assert.True(Attest(packed, Key.Trust(TestAuthority.Stranger.Root, Root)).HardwareAttested);
    }

    [Fact]
    public void Certificates_count_only_while_they_are_valid()
    {
        var expired = new CertificateShape { NotAfter = TestAuthority.Now.AddDays(-1) };
        var early = new CertificateShape { NotBefore = TestAuthority.Now.AddDays(1) };
        Untrusted(Attest(TestStatements.Packed(Key, expired), Key.Trust(Root)));
        Untrusted(Attest(TestStatements.Packed(Key, early), Key.Trust(Root)));

        var later = Key.Expect(Key.Trust(Root)) with { Now = TestAuthority.Now.AddYears(2) };
        Untrusted(RegistrationCeremony.Verify(later, Key.Register("packed", TestStatements.Packed(Key))).Credential!.Attestation);
    }

    [Fact]
    public void An_authenticators_certificate_cannot_issue_others()
    {
        using var stolen = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var batch = TestAuthority.Trusted.Issue(new(), stolen);
        var forged = TestAuthority.IssueBy(batch, stolen, new(), TestAuthority.BatchKey);
        Untrusted(Attest(TestStatements.Packed(Key, forged, batch), Key.Trust(Root)));
        Untrusted(Attest(TestStatements.Packed(Key, forged, batch), Key.Trust(batch)));
    }

    [Fact]
    public void Intermediate_authorities_lead_to_the_root()
    {
        using var authority = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var intermediate = TestAuthority.Trusted.Issue(new() { Subject = "CN=Intermediate", IsAuthority = true }, authority);
        var leaf = TestAuthority.IssueBy(intermediate, authority, new(), TestAuthority.BatchKey);
        Assert.True(Attest(TestStatements.Packed(Key, leaf, intermediate), Key.Trust(Root)).HardwareAttested);
        Untrusted(Attest(TestStatements.Packed(Key, leaf), Key.Trust(Root)));
    }

    [Fact]
    public void One_attestation_certificate_can_be_trusted_by_itself_while_it_is_valid()
    {
        var certificate = TestAuthority.Stranger.Issue(new());
        Assert.True(Attest(TestStatements.Packed(Key, certificate), Key.Trust(certificate)).HardwareAttested);

        var expired = TestAuthority.Stranger.Issue(new() { NotAfter = TestAuthority.Now.AddDays(-1) });
        Untrusted(Attest(TestStatements.Packed(Key, expired), Key.Trust(expired)));
    }

    [Fact]
    public void An_unknown_critical_extension_is_not_passed_over()
    {
        var shape = new CertificateShape { Extensions = [new X509Extension("1.2.3.4.5", [5, 0], critical: true)] };
        Untrusted(Attest(TestStatements.Packed(Key, shape), Key.Trust(Root)));
    }

    [Fact]
    public void Models_must_be_allowed_and_not_revoked()
    {
        var statement = TestStatements.Packed(Key);
        var notAllowed = Attest(statement, AttestationTrust.Of([Root], None, None));
        Assert.Equal((true, false), (notAllowed.IsTrusted, notAllowed.HardwareAttested));

        var revoked = Attest(statement, AttestationTrust.Of([Root], new HashSet<Aaguid> { Model }, new HashSet<Aaguid> { Model }));
        Assert.Equal((true, false), (revoked.IsTrusted, revoked.HardwareAttested));
    }

    [Fact]
    public void The_root_of_one_vendor_does_not_vouch_for_a_model_of_another()
    {
        var trust = new AttestationTrust(
            [
                new(Root, new HashSet<Aaguid> { new(Guid.Parse("aaaaaaaa-0000-0000-0000-000000000000")) }),
                new(TestAuthority.Stranger.Root, new HashSet<Aaguid> { Model }),
            ],
            None);
        var attestation = Attest(TestStatements.Packed(Key), trust);
        Assert.Equal((true, false), (attestation.IsTrusted, attestation.HardwareAttested));
        Assert.True(Attest(TestStatements.Packed(Key, TestAuthority.Stranger.Issue(new())), trust).HardwareAttested);
    }

    [Fact]
    public void A_root_that_is_none_or_damaged_is_refused_when_it_is_configured()
    {
        byte[] damaged = [.. Root];
        damaged[^1] ^= 1;
        foreach (var bytes in new[] { damaged, [], new byte[8], [.. Root, 0] })
        {
            Assert.ThrowsAny<CryptographicException>(() => Key.Trust(bytes));
        }
    }

    private static Attestation Attest(byte[] statement, AttestationTrust trust)
    {
        var result = Key.Verify("packed", statement, trust);
        Assert.Equal(WebAuthnError.None, result.Error);
        return result.Credential!.Attestation;
    }

    private static void Untrusted(Attestation attestation) => Assert.Equal((false, false), (attestation.IsTrusted, attestation.HardwareAttested));
}
