using System.Buffers.Binary;
using System.Buffers.Text;
using System.Formats.Cbor;
using System.Security.Cryptography;
using System.Text;
using Countersign.Core.WebAuthn;

namespace Countersign.Core.Tests.WebAuthn;

/// <summary>
/// A browser and an authenticator in one, honest by default; each test bends one property. Every part can be replaced by bytes.
/// </summary>
internal sealed record TestAuthenticator
{
    public const byte Honest = 0x05; // UP, UV

    public static readonly RelyingParty RelyingParty = new("example.org", "Countersign", ["https://git.example.org", "https://example.org:8443"]);

    public TestKey Key { get; init; } = TestKey.Es256;

    public byte[] Challenge { get; init; } = SHA256.HashData("a challenge"u8);

    public string RpId { get; init; } = "example.org";

    public byte Flags { get; init; } = Honest;

    public uint SignCount { get; init; }

    public byte[] Aaguid { get; init; } = Convert.FromHexString("000102030405060708090a0b0c0d0e0f");

    public byte[] CredentialId { get; init; } = SHA256.HashData("a credential"u8);

    public byte[] Extensions { get; init; } = [];

    /// <summary>Instead of <see cref="Key"/>'s own COSE key.</summary>
    public byte[]? PublicKey { get; init; }

    public string Members { get; init; } = "\"origin\":\"https://git.example.org\",\"crossOrigin\":false";

    public string? ClientData { get; init; }

    public string Encoded => Base64Url.EncodeToString(Challenge);

    public byte[] ClientDataFor(string type) =>
        Encoding.UTF8.GetBytes(ClientData ?? $"{{\"type\":\"{type}\",\"challenge\":\"{Encoded}\",{Members}}}");

    public byte[] AuthenticatorData(bool registration)
    {
        var flags = (byte)(Flags | (registration ? 0x40 : 0) | (Extensions.Length > 0 ? 0x80 : 0));
        var count = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(count, SignCount);
        var length = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)CredentialId.Length);
        byte[] credential = registration ? [.. Aaguid, .. length, .. CredentialId, .. PublicKey ?? Key.Cose] : [];
        return [.. SHA256.HashData(Encoding.UTF8.GetBytes(RpId)), flags, .. count, .. credential, .. Extensions];
    }

    /// <summary>What attestation keys sign: authenticator data and the hash of the client data.</summary>
    public byte[] ToBeSigned => [.. AuthenticatorData(true), .. ClientDataHash];

    public byte[] ClientDataHash => SHA256.HashData(ClientDataFor("webauthn.create"));

    public static byte[] AttestationObject(string format, byte[] statement, byte[] data)
    {
        var writer = new CborWriter(CborConformanceMode.Ctap2Canonical);
        writer.WriteStartMap(3);
        writer.WriteTextString("fmt");
        writer.WriteTextString(format);
        writer.WriteTextString("attStmt");
        writer.WriteEncodedValue(statement);
        writer.WriteTextString("authData");
        writer.WriteByteString(data);
        writer.WriteEndMap();
        return writer.Encode();
    }

    public RegistrationResponse Register() => Register("none", [0xa0]);

    public RegistrationResponse Register(string format, byte[] statement) =>
        new(CredentialId, ClientDataFor("webauthn.create"), AttestationObject(format, statement, AuthenticatorData(true)), []);

    public RegistrationResult Verify(string format, byte[] statement, AttestationTrust? trust = null) =>
        RegistrationCeremony.Verify(Expect(trust), Register(format, statement));

    public RegistrationExpectation Expect(AttestationTrust? trust = null) =>
        new(RelyingParty, Challenge, trust ?? AttestationTrust.Empty, TestAuthority.Now);

    /// <summary>Trust in the tests' root for this authenticator's model.</summary>
    public AttestationTrust Trust(params byte[][] roots) => AttestationTrust.Of(
        [.. roots.Select(root => (ReadOnlyMemory<byte>)root)],
        new HashSet<Aaguid> { Core.WebAuthn.Aaguid.Read(Aaguid) },
        new HashSet<Aaguid>());

    public CredentialRecord Record() => new(
        CredentialId, Key.Cose, Key.Algorithm, 0, true, [], (Flags & 0x08) != 0, (Flags & 0x10) != 0, Core.WebAuthn.Aaguid.Read(Aaguid),
        new("none", AttestationType.None, null, false));

    public AuthenticationResponse Authenticate(byte[]? userHandle = null)
    {
        var data = AuthenticatorData(false);
        var client = ClientDataFor("webauthn.get");
        var signature = Key.Sign([.. data, .. SHA256.HashData(client)]);
        return new(CredentialId, client, data, signature, userHandle is null ? null : (ReadOnlyMemory<byte>?)userHandle);
    }
}
