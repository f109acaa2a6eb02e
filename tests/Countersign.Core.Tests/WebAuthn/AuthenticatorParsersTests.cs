using Countersign.Core.WebAuthn;

namespace Countersign.Core.Tests.WebAuthn;

/// <summary>Authenticator data and attestation objects: every byte accounted for, one encoding only.</summary>
public sealed class AuthenticatorParsersTests
{
    private static readonly TestAuthenticator Honest = new();

    [Fact]
    public void Authenticator_data_say_what_the_authenticator_did()
    {
        Assert.True(AuthenticatorData.TryParse((Honest with { SignCount = 0x01020304 }).AuthenticatorData(true), out var data));
        Assert.Equal(0x01020304u, data.SignCount);
        Assert.True(data.Has(AuthenticatorFlags.UserPresent) && data.Has(AuthenticatorFlags.UserVerified));
        Assert.False(data.Has(AuthenticatorFlags.BackupEligible));
        Assert.Equal(Honest.CredentialId, data.Credential!.CredentialId.ToArray());
        Assert.Equal(Honest.Key.Cose, data.Credential.PublicKey.ToArray());
    }

    [Fact]
    public void Authenticator_data_cut_anywhere_or_with_anything_behind_are_refused()
    {
        foreach (var whole in new[] { Honest.AuthenticatorData(true), Honest.AuthenticatorData(false), (Honest with { Extensions = [0xa1, 0x61, 0x78, 0xf5] }).AuthenticatorData(true) })
        {
            Assert.True(AuthenticatorData.TryParse(whole, out _));
            Assert.False(AuthenticatorData.TryParse((byte[])[.. whole, 0], out _));
            for (var length = 0; length < whole.Length; length++)
            {
                Assert.False(AuthenticatorData.TryParse(whole.AsMemory(0, length), out _));
            }
        }
    }

    [Theory]
    [InlineData(4, true)]
    [InlineData(5, false)]
    [InlineData(2000, false)]
    public void Nesting_is_bounded(int depth, bool parses)
    {
        byte[] nested = [0xa1, 0x61, 0x78, .. Enumerable.Repeat((byte)0x81, depth - 2), 0x80];
        Assert.Equal(parses, AuthenticatorData.TryParse((Honest with { Extensions = nested }).AuthenticatorData(false), out _));
    }

    [Fact]
    public void Lengths_are_bounded()
    {
        byte[] extension = [0xa1, 0x61, 0x78, 0x59, 0x40, 0x00, .. new byte[0x4000]];
        Assert.False(AuthenticatorData.TryParse((Honest with { Extensions = extension }).AuthenticatorData(false), out _));
        Assert.False(AttestationObject.TryParse(new byte[WebAuthnLimits.AttestationObject + 1], out _));
    }

    [Fact]
    public void An_attestation_object_has_its_three_members_in_order_and_nothing_else()
    {
        var data = Honest.AuthenticatorData(true);
        var whole = TestAuthenticator.AttestationObject("none", [0xa0], data);
        Assert.True(AttestationObject.TryParse(whole, out var attestation));
        Assert.Equal("none", attestation.Format);
        Assert.Equal(data, attestation.AuthenticatorData.ToArray());

        Refused([.. whole, 0]);
        Refused([0xbf, .. whole[1..], 0xff]);
        Refused([0xa4, .. whole[1..], 0x69, .. "authDatas"u8, 0x00]);
        Refused([0xa2, .. whole[1..^(data.Length + 11)]]);
        Refused(TestAuthenticator.AttestationObject("none", [0x80], data));
        Refused(TestAuthenticator.AttestationObject("none", [0xa1, 0x01, 0x02], data));
        Refused(TestAuthenticator.AttestationObject(new string('x', 33), [0xa0], data));
        Refused(whole[..^1]);
        Refused([]);
        // authData before attStmt: the same map, but not canonical.
        Refused([0xa3, 0x63, .. "fmt"u8, 0x64, .. "none"u8, .. whole[^(data.Length + 11)..], 0x67, .. "attStmt"u8, 0xa0]);
    }

    [Fact]
    public void A_member_twice_is_refused()
    {
        var statement = TestStatements.PackedSelf(Honest);
        byte[] twice = [0xa3, .. statement[1..6], .. statement[1..]];
        Assert.Equal([0x63, .. "alg"u8, 0x26], statement[1..6]);
        var honest = TestAuthenticator.AttestationObject("packed", statement, Honest.AuthenticatorData(true));
        var at = honest.AsSpan().IndexOf(statement);
        Refused([.. honest[..at], .. twice, .. honest[(at + statement.Length)..]]);
    }

    private static void Refused(byte[] bytes) => Assert.False(AttestationObject.TryParse(bytes, out _));
}
