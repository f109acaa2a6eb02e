using System.Text;
using Countersign.Core.WebAuthn;
using FsCheck;
using FsCheck.Fluent;

namespace Countersign.Core.Tests.WebAuthn;

/// <summary>Garbage never throws, and what was changed never verifies.</summary>
public sealed class WebAuthnFuzzTests
{
    private static readonly Config Modest = Config.QuickThrowOnFailure.WithMaxTest(60);
    private static readonly TestAuthenticator Honest = new();

    private static readonly (string Format, byte[] Statement)[] Statements =
    [
        ("packed", TestStatements.Packed(Honest)),
        ("tpm", TestStatements.Tpm(Honest)),
        ("android-key", TestStatements.AndroidKey(Honest)),
        ("apple", TestStatements.Apple(Honest)),
        ("fido-u2f", TestStatements.FidoU2f(Honest, TestAuthority.Trusted.Issue(new()))),
    ];

    private static readonly RegistrationExpectation Expected =
        Honest.Expect(Honest.Trust(TestAuthority.Trusted.Root)) with { RequireTrustedAttestation = true };

    [Fact]
    public void Changed_registrations_never_throw_and_are_never_trusted() => Prop.ForAll(Changes(), change =>
    {
        foreach (var (format, statement) in Statements)
        {
            var honest = Honest.Register(format, statement);
            var bent = change.Apply(honest.AttestationObject.ToArray());
            var result = RegistrationCeremony.Verify(Expected, honest with { AttestationObject = bent });
            Assert.NotEqual(WebAuthnError.Malformed, result.Error); // the net under the parsers stays unused
            // U2F does not sign the model, the flags or the counter: those may change, the key and the id may not.
            Assert.True(
                result.Error != WebAuthnError.None || bent.AsSpan().SequenceEqual(honest.AttestationObject.Span)
                || (format == "fido-u2f" && result.Credential is { Attestation.HardwareAttested: false } credential
                    && credential.PublicKey.Span.SequenceEqual(Honest.Key.Cose)),
                $"{format}: {change}");
        }
    }).Check(Modest);

    [Fact]
    public void Changed_client_data_never_verify() => Prop.ForAll(Changes(), change =>
    {
        var honest = Honest.Register("packed", Statements[0].Statement);
        var bent = change.Apply(honest.ClientDataJson.ToArray());
        var error = RegistrationCeremony.Verify(Expected, honest with { ClientDataJson = bent }).Error;
        Assert.NotEqual(WebAuthnError.Malformed, error);
        Assert.Equal(bent.AsSpan().SequenceEqual(honest.ClientDataJson.Span), error == WebAuthnError.None);
    }).Check(Modest);

    [Fact]
    public void Changed_assertions_never_throw_and_never_verify()
    {
        var expected = new AuthenticationExpectation(TestAuthenticator.RelyingParty, Honest.Challenge, Honest.Record(), new byte[] { 1 });
        var honest = Honest.Authenticate();
        Prop.ForAll(Changes(), change =>
        {
            var (data, client, signature) = (honest.AuthenticatorData.ToArray(), honest.ClientDataJson.ToArray(), honest.Signature.ToArray());
            foreach (var bent in new[]
            {
                honest with { AuthenticatorData = change.Apply(data) },
                honest with { ClientDataJson = change.Apply(client) },
                honest with { Signature = change.Apply(signature) },
            })
            {
                var same = bent.AuthenticatorData.Span.SequenceEqual(data) && bent.ClientDataJson.Span.SequenceEqual(client)
                    && bent.Signature.Span.SequenceEqual(signature);
                var error = AuthenticationCeremony.Verify(expected, bent).Error;
                Assert.NotEqual(WebAuthnError.Malformed, error);
                Assert.Equal(same, error == WebAuthnError.None);
            }
        }).Check(Modest);
    }

    [Fact]
    public void Certificates_with_bytes_changed_never_throw_and_are_never_trusted()
    {
        var certificate = TestAuthority.Trusted.Issue(new() { Extensions = [TestAuthority.AaguidExtension(Honest.Aaguid)] });
        Prop.ForAll(Changes(), change =>
        {
            var bent = change.Apply(certificate);
            var error = RegistrationCeremony.Verify(Expected, Honest.Register("packed", TestStatements.Packed(Honest, [bent]))).Error;
            Assert.NotEqual(WebAuthnError.Malformed, error);
            Assert.Equal(bent.AsSpan().SequenceEqual(certificate), error == WebAuthnError.None);
        }).Check(Modest);
    }

    [Fact]
    public void Garbage_is_refused_by_every_parser() => Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), garbage =>
    {
        Assert.False(AttestationObject.TryParse(garbage, out _));
        Assert.False(CoseKey.TryParse(garbage, out _));
        Assert.False(CollectedClientData.TryParse(garbage, out _));
        Assert.True(garbage.Length > 36 || !AuthenticatorData.TryParse(garbage, out _));
        var text = Encoding.Latin1.GetString(garbage);
        Assert.False(RegistrationResponse.TryParse(text, out _));
        Assert.False(AuthenticationResponse.TryParse(text, out _));
    }).Check(Modest);

    private static Arbitrary<Change> Changes() => Arb.From(
        from kind in Gen.Choose(0, 4)
        from position in Gen.Choose(0, 1_000_000)
        from value in Gen.Choose(0, 255)
        from length in Gen.Choose(1, 8)
        select new Change(kind, position, (byte)value, length));

    /// <summary>One change to some bytes: a bit turned, a byte set, a run removed, inserted or repeated.</summary>
    private sealed record Change(int Kind, int Position, byte Value, int Length)
    {
        public byte[] Apply(byte[] honest)
        {
            var at = Position % honest.Length;
            var to = Math.Min(honest.Length, at + Length);
            byte[] set = [.. honest];
            set[at] = Kind == 0 ? (byte)(set[at] ^ (1 << (Value & 7))) : Value;
            return Kind switch
            {
                0 or 1 => set,
                2 => [.. honest[..at], .. honest[to..]],
                3 => [.. honest[..at], .. Enumerable.Repeat(Value, Length), .. honest[at..]],
                _ => [.. honest[..to], .. honest[at..to], .. honest[to..]],
            };
        }
    }
}
